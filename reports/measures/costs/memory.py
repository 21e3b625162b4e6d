"""Bytes of a run or a cell are computed here: states, exact, and measured peaks.  None where nothing was recorded."""

from __future__ import annotations

from collections.abc import Mapping

from rlvr_bench.reports.cells.matching import one_size
from rlvr_bench.reports.load import Cell, Run, remembered
from rlvr_bench.reports.measures.costs.step_time import phases_of_a_step, timed_rows

DEVICE, ALLOCATOR = "device_peak", "allocated_peak"

# Bytes of weights, gradients and optimizer states (Adam) per parameter, by dtype: (trained, frozen).
BYTES_PER_PARAMETER = {"float32": (16, 4), "fp32": (16, 4), "bfloat16": (16, 2), "bf16": (16, 2)}


@remembered
def phase_peaks(run: Run, layer: str) -> dict[str, float]:
    """Largest bytes of each phase over the timed steps; evaluation and checkpoint left out."""
    prefix, timed = f"cost/memory/{layer}/", {row["step"] for row in timed_rows(run)}
    found = {name: [v for step, v in run.series(name) if step in timed] for name in run.recorded if prefix in name}
    peaks = {name.removeprefix(prefix): max(values) for name, values in found.items() if values}
    return {phase: peaks[phase] for phase in phases_of_a_step(peaks)}


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


def planned_and_measured(cell: Cell) -> dict[str, tuple[int, float]]:
    """Bytes by phase as the planner said, beside the largest that a seed measured; {} where a plan was not recorded.

    Measured by the allocator where it was, else by the device, less what was there before any model was built.
    """
    runs = [run for run in cell.finished if run.summary and run.summary.planned]
    layer = next((name for name in (ALLOCATOR, DEVICE) if runs and all(phase_peaks(r, name) for r in runs)), None)
    found: dict[str, tuple[int, float]] = {}
    for run in runs if layer else ():
        assert run.summary is not None and layer is not None
        for phase, peak in phase_peaks(run, layer).items():
            planned, before = run.summary.planned.get(phase), found.get(phase, (0, 0.0))
            if planned is not None:
                found[phase] = max(before[0], planned), max(before[1], peak - baseline_bytes(run, layer))
    return found


def state_bytes(cell: Cell) -> int | None:
    """Exact bytes of all models' states."""
    return sum(s.total for s in cell.roles.values()) if cell.roles else None


def bytes_per_parameter(cell: Cell) -> float | None:
    """State bytes of all models per parameter of the actor."""
    total, actor = state_bytes(cell), cell.roles.get("actor")
    return total / actor.parameters if total is not None and actor and actor.parameters else None


def expected_bytes_per_parameter(cell: Cell) -> int | None:
    """The arithmetic for models of one size that are trained whole, by BYTES_PER_PARAMETER; None for others."""
    model = cell.config.get("model")
    dtype = str(model.get("dtype", "")).removeprefix("torch.") if isinstance(model, Mapping) else ""
    if dtype not in BYTES_PER_PARAMETER or not cell.roles or not one_size(cell):
        return None
    trained, frozen = BYTES_PER_PARAMETER[dtype]
    return sum(trained if s.trained else frozen for s in cell.roles.values())
