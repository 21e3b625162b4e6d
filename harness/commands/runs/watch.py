"""`rlvr-bench watch`: the curves of a run in the terminal, live until it ends."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.records import is_live, read_json, read_metrics

REFRESH_SECONDS = 1.0
BARS = "▁▂▃▄▅▆▇█"
CURVES = (
    "rollout/reward_mean",
    "eval/pass@1",
    "eval/greedy",
    "train/kl_to_reference",
    "train/approx_kl",
    "train/entropy",
    "train/clip_fraction",
    "rollout/length_mean",
    "cost/seconds",
)
"""Metrics that are drawn where the run has them."""
NAME_WIDTH = max(map(len, CURVES))
NUMBER_WIDTH, RANGE_WIDTH = 10, 26
"""Characters of the last value behind a curve, and of the least and the greatest where there is room."""
WIDE = 80
"""Characters of a terminal that has."""
Point = tuple[int, float]


def watch(run: Path, *, once: bool = False) -> None:
    """Draw the curves again and again until the run ends; once, where that is asked for or there is no terminal.

    Raises:
        UserError: the folder holds no run.
    """
    if not (run / "config.json").is_file():
        inside = sorted(path.parent for path in run.glob("*/*/seed-*/config.json"))[:3]
        hint = f"name one in it, such as {', '.join(map(str, inside))}" if inside else "give a run folder"
        raise UserError(f"{run}: holds no run (no config.json); {hint}")
    console = Console(highlight=False)
    if once or not console.is_terminal:
        console.print(picture(run, console.width), end="\n")
        return
    try:
        with Live(picture(run, console.width), console=console, auto_refresh=False) as live:
            while not ended(run):
                time.sleep(REFRESH_SECONDS)
                live.update(picture(run, console.width), refresh=True)
            live.update(picture(run, console.width), refresh=True)  # with what came after the last look
    except KeyboardInterrupt:
        pass  # the picture stays


def ended(run: Path) -> bool:
    """Whether nothing will be added: the run says so, or its process is gone."""
    status = _status(run)
    return not is_live(run) if status == "running" else status != "starting"


def picture(run: Path, width: int) -> Text:
    """Title and curves, no line wider than `width` characters."""
    rows = read_metrics(run / "metrics.jsonl")
    steps = read_json(run / "config.json")["config"]["train"]["steps"]
    done = rows[-1]["step"] if rows else 0
    lines = [f"{run}  {_status(run)}, step {done} of {steps}"]
    series = {name: points for name in CURVES if (points := points_of(rows, name))}
    lines += [curve(name, points, width) for name, points in series.items()] or ["no metrics yet"]
    return Text("\n".join(line[:width] for line in lines))


def points_of(rows: Sequence[Mapping[str, Any]], name: str) -> list[Point]:
    """Steps and values of a metric; what is null has no point."""
    return [(row["step"], float(row[name])) for row in rows if row.get(name) is not None]


def curve(name: str, points: Sequence[Point], width: int) -> str:
    """Name, sparkline, and the last, the least and the greatest value, in a line."""
    values = [value for _, value in points]
    wide = width >= WIDE
    room = width - NAME_WIDTH - NUMBER_WIDTH - (RANGE_WIDTH if wide else 0) - 3
    extent = f"  [{min(values):.4g}, {max(values):.4g}]" if wide else ""
    return f"{name:<{NAME_WIDTH}} {sparkline(values, max(4, room))}  {values[-1]:.4g}{extent}"


def sparkline(values: Sequence[float], width: int) -> str:
    """A character a value, or where there are more than `width`, one for the mean of each stretch of them."""
    count = min(width, len(values))
    bounds = [len(values) * i // count for i in range(count + 1)]
    means = [fmean(values[a:b]) for a, b in itertools.pairwise(bounds)]
    least, span = min(means), max(means) - min(means)
    return "".join(BARS[round((mean - least) / span * (len(BARS) - 1)) if span else 0] for mean in means)


def _status(run: Path) -> str:
    """Of the summary; `starting` where there is none yet."""
    try:
        return json.loads((run / "summary.json").read_text(encoding="utf-8"))["status"]
    except FileNotFoundError:
        return "starting"
