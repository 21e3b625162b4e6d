"""Jobs as a suite submits them, whose module does what a variable says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rlvr_bench.harness.runs.jobs import Job


def job(out: Path, name: str, **changes: Any) -> Job:
    """Of a run of a suite whose results are in `out`."""
    folder = out / "part" / name / "seed-1"
    made = Job(name, "scripted", [str(folder)], folder / "run.log", threads=1, timeout_s=90.0, alone=False)
    return replace(made, **changes)
