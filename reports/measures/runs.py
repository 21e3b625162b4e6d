"""Numbers of one run, from its records.  Bytes, seconds and shares, as recorded; None where nothing was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean, median

from rlvr_bench.harness.records import PHASES
from rlvr_bench.reports.load import Cell, Row, Run

LAST_K = 3  # evaluations whose mean is the final score
OUTSIDE = ("evaluate", "checkpoint")  # phases that are no part of a step's cost
DEVICE, ALLOCATOR = "device_peak", "allocated_peak"

# Bytes of weights, gradients and optimiser states (Adam) per parameter, by dtype: (trained, frozen).
BYTES_PER_PARAMETER = {"float32": (16, 4), "fp32": (16, 4), "bfloat16": (16, 2), "bf16": (16, 2)}


def timed_rows(run: Run) -> list[Row]:
    """Training steps after the warm-up steps, which pay for first-time allocation and compilation."""
    measure = run.config.get("measure")
    warm_up = measure.get("warmup_steps", 1) if isinstance(measure, Mapping) else 1
    return [r for r in run.metrics if r["step"] >= 1 and r.get("cost/seconds") is not None][int(warm_up) :]


def step_seconds(run: Run) -> float | None:
    """Median seconds of a step, evaluation and checkpoint left out."""
    values = [r["cost/seconds"] for r in timed_rows(run)]
    return median(values) if values else None


def tokens_per_second(run: Run) -> float | None:
    """Completion tokens over seconds, of all timed steps together."""
    rows = [r for r in timed_rows(run) if r.get("cost/tokens") is not None]
    seconds = sum(r["cost/seconds"] for r in rows)
    return sum(r["cost/tokens"] for r in rows) / seconds if seconds else None


def per_phase(run: Run, prefix: str) -> dict[str, float]:
    """Mean of `<prefix>/<phase>` over the timed steps, in the order of the phases, unknown ones last."""
    sums: dict[str, list[float]] = {}
    for row in timed_rows(run):
        for name, value in row.items():
            if name.startswith(prefix + "/") and value is not None:
                sums.setdefault(name.removeprefix(prefix + "/"), []).append(value)
    return {phase: fmean(sums[phase]) for phase in _in_order(sums) if phase not in OUTSIDE}


def phase_peaks(run: Run, layer: str) -> dict[str, float]:
    """Largest bytes of each phase over the timed steps; evaluation and checkpoint left out."""
    prefix, peaks = f"cost/memory/{layer}/", {}
    for row in timed_rows(run):
        for name, value in row.items():
            if name.startswith(prefix) and value is not None:
                phase = name.removeprefix(prefix)
                peaks[phase] = max(peaks.get(phase, 0.0), float(value))
    return {phase: peaks[phase] for phase in _in_order(peaks) if phase not in OUTSIDE}


def peak_bytes(run: Run, layer: str) -> float | None:
    """Largest bytes of a step; for the device layer less what was there before any model was built."""
    peaks = phase_peaks(run, layer)
    return max(peaks.values()) - baseline_bytes(run, layer) if peaks else None


def baseline_bytes(run: Run, layer: str) -> float:
    """What the process or the device held before any model was built; 0 for the allocator, or where unknown."""
    memory = run.summary.memory if run.summary else None
    return float(memory.device_baseline_bytes or 0) if memory and layer == DEVICE else 0.0


def memory_layer(cells: tuple[Cell, ...]) -> str | None:
    """The one layer that every finished run measured, the device's if it can be."""
    runs = [r for c in cells for r in c.finished]
    return next((layer for layer in (DEVICE, ALLOCATOR) if runs and all(phase_peaks(r, layer) for r in runs)), None)


def state_bytes(cell: Cell) -> int | None:
    """Exact bytes of all models' states."""
    return sum(s.total for s in cell.roles.values()) if cell.roles else None


def bytes_per_parameter(cell: Cell) -> float | None:
    """State bytes of all models per parameter of the actor."""
    total, actor = state_bytes(cell), cell.roles.get("actor")
    return total / actor.parameters if total is not None and actor and actor.parameters else None


def expected_bytes_per_parameter(cell: Cell) -> int | None:
    """The arithmetic for models of one size: 16 bytes a trained one and 4 or 2 a frozen one."""
    model = cell.config.get("model")
    dtype = str(model.get("dtype", "")).removeprefix("torch.") if isinstance(model, Mapping) else ""
    if dtype not in BYTES_PER_PARAMETER or not cell.roles:
        return None
    trained, frozen = BYTES_PER_PARAMETER[dtype]
    return sum(trained if s.trained else frozen for s in cell.roles.values())


def final_score(run: Run, metric: str = "eval/pass@1") -> float | None:
    """Mean of the last LAST_K evaluations after training began.

    A run that diverged after its last evaluation has no model that could be used: it scores 0, not the value
    from before it broke.
    """
    values = [(s, v) for s, v in run.series(metric) if s > 0]
    if run.state == "diverged" and run.metrics and (not values or values[-1][0] < run.metrics[-1]["step"]):
        return 0.0
    return fmean(v for _, v in values[-LAST_K:]) if values else None


def first_and_last_quarter(values: list[tuple[int, float]]) -> tuple[float, float] | None:
    """Means of the first and of the last quarter of a series; None below 4 points."""
    if len(values) < 4:
        return None
    quarter = len(values) // 4
    return fmean(v for _, v in values[:quarter]), fmean(v for _, v in values[-quarter:])


def _in_order(found: Mapping[str, object]) -> list[str]:
    return [p for p in PHASES if p in found] + sorted(p for p in found if p not in PHASES)
