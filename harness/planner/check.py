"""The planner's error: predicted against measured peaks of real runs on a CPU, each in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rlvr_bench.harness.config.load import from_dict
from rlvr_bench.harness.planner.cases import CASES
from rlvr_bench.harness.planner.predict import predict

Record = dict[str, Any]


@dataclass(frozen=True)
class Point:
    """One phase of one run, bytes."""

    case: str
    phase: str
    predicted: int
    measured: int

    @property
    def error(self) -> float:
        """Relative; negative where the planner said too little."""
        return self.predicted / self.measured - 1


def measured(case: str) -> Record:
    """The settings of a case, and what a run of them held, by phase in bytes."""
    settings = CASES[case]
    with tempfile.TemporaryDirectory() as name:
        given, out = Path(name) / "config.json", Path(name) / "measured.json"
        given.write_text(json.dumps(settings))
        several = settings.get("launch", {}).get("processes", 1)
        torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={several}"] if several > 1 else []
        command = [sys.executable, *torchrun, "-m", "rlvr_bench.harness.planner.measure", str(given), str(out)]
        done = subprocess.run(
            command,
            env=os.environ | {"OMP_NUM_THREADS": "1", "DS_ACCELERATOR": "cpu"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{case}: {done.stderr[-2000:]}")
        return {"settings": settings, **json.loads(out.read_text())}


def predicted(record: Record) -> Record:
    """The record with what the planner says of its settings, as the planner is now."""
    plan = predict(from_dict(record["settings"]), cuda=False).plan
    phases = {p.phase: {"role": p.role, "total": p.total, "kinds": p.kinds} for p in plan.phases}
    states = {role: asdict(s) for role, s in plan.states.items()}
    return {**record, "predicted": phases, "predicted_states": states}


def points(records: dict[str, Record]) -> list[Point]:
    """Every phase that is in both, worst under-prediction first."""
    found = [
        Point(case, phase, record["predicted"][phase]["total"], size)
        for case, record in records.items()
        for phase, size in record["phases"].items()
        if phase in record["predicted"]
    ]
    return sorted(found, key=lambda point: point.error)


def peaks(records: dict[str, Record]) -> list[Point]:
    """The peak of each run, which is what must fit."""
    found = []
    for case, record in records.items():
        predicted = {phase: p["total"] for phase, p in record["predicted"].items()}
        both = [phase for phase in record["phases"] if phase in predicted]
        top = max(both, key=lambda phase: record["phases"][phase])
        found.append(Point(case, top, max(predicted[p] for p in both), record["phases"][top]))
    return sorted(found, key=lambda point: point.error)


def summary(found: Sequence[Point]) -> dict[str, float]:
    """Mean absolute error, worst over- and worst under-prediction, relative."""
    errors = [point.error for point in found]
    return {
        "runs": len(found),
        "mean": sum(map(abs, errors)) / len(errors),
        "worst_over": max(0.0, *errors),
        "worst_under": max(0.0, *(-e for e in errors)),
    }
