"""Where a run is now: read from the end of its metrics, so that it costs the same however long the run is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TAIL_BYTES = 1 << 17
"""Read from the end; many lines fit."""


@dataclass(frozen=True)
class Latest:
    """What the last lines of a run's metrics say; None is not known yet."""

    step: int | None = None
    reward: float | None = None
    accuracy: float | None = None

    @property
    def numbers(self) -> str:
        """Reward and held-out accuracy, as far as they are known."""
        named = (("reward", self.reward), ("pass@1", self.accuracy))
        return ", ".join(f"{name} {value:.3f}" for name, value in named if value is not None)


def latest(run: Path) -> Latest:
    """Of a run folder, which need not have metrics yet."""
    rows = list(_last_rows(run / "metrics.jsonl"))
    if not rows:
        return Latest()
    return Latest(rows[0].get("step"), _first(rows, "rollout/reward_mean"), _first(rows, "eval/pass@1"))


def _first(rows: list[dict[str, Any]], name: str) -> float | None:
    return next((row[name] for row in rows if row.get(name) is not None), None)


def _last_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The newest first; what is torn or cut off at the front is left out."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            start = max(0, size - TAIL_BYTES)
            file.seek(start)
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return
    for line in reversed(lines[1 if start else 0 : -1]):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            yield row
