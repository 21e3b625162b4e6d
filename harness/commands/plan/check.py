"""Measures the planner's error and publishes it.

`python -m rlvr_bench.harness.commands.plan.check --out results/planner` measures the cases of `planner/cases.py` (half
an hour on two cores), and writes measured.json, errors.md with the worst under-prediction first, and the figure.
With `--only CASE` it measures these and keeps the other records; with `--drawn` it measures
nothing, and predicts anew.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from rlvr_bench.harness.commands.plan.figure import scatter
from rlvr_bench.harness.planner.cases import CASES
from rlvr_bench.harness.planner.check import Point, Record, measured, peaks, points, predicted, summary
from rlvr_bench.reports.figures.style import save, styled
from rlvr_bench.reports.numbers import size


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, record, and write table and figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", action="append", choices=CASES, default=[])
    parser.add_argument("--drawn", action="store_true", help="measure nothing, predict anew")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "measured.json"
    records: dict[str, Record] = json.loads(file.read_text()) if file.exists() else {}
    for case in [] if options.drawn else options.only or CASES:
        records[case] = measured(case)
        _keep(records, file)
        print(f"{case}: {peaks({case: predicted(records[case])})[0].error:+.2%}", flush=True)
    records = {case: predicted(record) for case, record in records.items()}
    _keep(records, file)
    publish(records, options.out)


def _keep(records: dict[str, Record], file: Path) -> None:
    file.write_text(json.dumps(records, indent=1, sort_keys=True) + "\n")


def publish(records: dict[str, Record], out: Path) -> None:
    """The table and the figure of what was measured."""
    (out / "errors.md").write_text(page(records))
    with styled():
        save(scatter(peaks(records), points(records)), out, "predicted-measured", ("svg", "pdf"))


def page(records: dict[str, Record]) -> str:
    """The errors as Markdown."""
    runs, phases = peaks(records), points(records)
    lines = [
        "# The planner's error",
        "",
        "Predicted against measured bytes of tensors in real runs on a CPU (PyTorch's profiler: every allocation of",
        "its CPU allocator), after the first step. Negative: the planner said too little. Written by",
        "`python -m rlvr_bench.harness.commands.plan.check --out results/planner` from measured.json.",
        "",
        "| | number | mean error | worst over | worst under |",
        "|---|---|---|---|---|",
        _summary_row("peak of a run", runs),
        _summary_row("each phase of a run", phases),
        "",
        "## Peaks, worst under-prediction first",
        "",
        *_table(runs),
        "",
        "## Phases, the ten worst under- and the five worst over-predictions",
        "",
        *_table([*phases[:10], *phases[-5:]]),
    ]
    return "\n".join(lines) + "\n"


def _summary_row(what: str, found: Sequence[Point]) -> str:
    s = summary(found)
    return f"| {what} | {s['runs']:.0f} | {s['mean']:.2%} | {s['worst_over']:.2%} | {s['worst_under']:.2%} |"


def _table(found: Sequence[Point]) -> list[str]:
    rows = [f"| {p.case} | {p.phase} | {size(p.predicted)} | {size(p.measured)} | {p.error:+.2%} |" for p in found]
    return ["| run | phase | predicted | measured | error |", "|---|---|---|---|---|", *rows]


if __name__ == "__main__":
    main()
