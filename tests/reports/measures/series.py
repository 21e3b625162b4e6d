"""A run with these values, step by step, planned to be as long unless a test says otherwise."""

from __future__ import annotations

from rlvr_bench.reports.load import Run


def run(state: str = "completed", planned: int = 0, **series: list[float | None]) -> Run:
    """Steps from 0; names with __ for /."""
    length = max((len(v) for v in series.values()), default=0)
    rows = []
    for step in range(length):
        row: dict = {"step": step}
        for name, values in series.items():
            key = name.replace("__", "/").replace("pass1", "pass@1")
            if values[step] == float("inf"):
                row |= {key: None, "not_finite": [key]}
            else:
                row[key] = values[step]
        rows.append(row)
    config = {"train": {"steps": planned or max(1, length - 1)}}
    return Run("p", "c", 0, state, "", None, config, "", {}, tuple(rows), ())
