"""The table of state bytes is made here, with the arithmetic that it is held against and where peaks come from."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.cell_numbers import cell_numbers
from rlvr_bench.reports.measures.costs.memory import (
    ALLOCATOR,
    BYTES_PER_PARAMETER,
    DEVICE,
    memory_layer,
    planned_and_measured,
)
from rlvr_bench.reports.measures.curves.memory_curve import is_curve
from rlvr_bench.reports.page.table import Table

LAYER_WORDS = {
    ("nvml", DEVICE): "NVML, sampled in the background",
    ("rss", DEVICE): "resident set size of the process, sampled in the background",
    ("rss_peak", DEVICE): "resident set size of the process, its true peak in each phase",
    ("cuda", ALLOCATOR): "peak of PyTorch's CUDA allocator",
}
_TRAINED, _FROZEN = BYTES_PER_PARAMETER["float32"]
EXPECTED_IN_WORDS = (
    f"Expected bytes per parameter are arithmetic for models of one size: in fp32 a trained parameter takes {_TRAINED} "
    f"bytes (weight 4, gradient 4, two moments of Adam 8) and a frozen one {_FROZEN}, so four-model PPO takes "
    f"{_TRAINED} + {_TRAINED} + {_FROZEN} + {_FROZEN} = {2 * _TRAINED + 2 * _FROZEN} and GRPO with a reference "
    f"{_TRAINED} + {_FROZEN} = {_TRAINED + _FROZEN}; with bf16 weights a frozen parameter takes "
    f"{BYTES_PER_PARAMETER['bfloat16'][1]}. Found: exact bytes over the actor's parameters; a critic has a scalar head "
    "instead of a vocabulary and may be smaller."
)
COLUMNS = (
    "cell", "model", "parameters", "weights", "gradients", "optimizer", "buffers", "all states", "expected B/param",
    "found B/param",
)  # fmt: skip
PLANNED = ("cell", "phase", "predicted", "measured", "error")


def memory_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """Expected and exact bytes by cell and role; not of the trials of a search, nor of a curve over sizes."""
    if part.kind == "search" or is_curve(cells):
        return Table("State bytes, exact", COLUMNS, ())
    rows = []
    for cell, found in zip(cells, cell_numbers(cells), strict=True):
        if not cell.roles:
            continue
        label, expected, known = one_line(cell.label), found.expected_per_parameter, found.states_per_parameter
        for role, s in sorted(cell.roles.items()):
            kind = ("trained" if s.trained else "frozen") + (", on the actor's weights" if s.shared_weights else "")
            learning = "" if s.trained_parameters is None else f"{s.trained_parameters:,} trained of "
            sizes = (s.weights, s.gradients, s.optimizer, s.buffers, s.total)
            rows.append((label, f"{role} ({kind})", f"{learning}{s.parameters:,}", *map(numbers.size, sizes), "", ""))
        per_parameter = (
            numbers.ABSENT if expected is None else str(expected),
            numbers.ABSENT if known is None else f"{known:.2f}",
        )
        rows.append((label, "all", "", "", "", "", "", numbers.size(found.states or 0), *per_parameter))
    return Table("State bytes, exact", COLUMNS, tuple(rows))


def planned_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """What the planner said of each phase beside what it took; a plan has every completion at its full length."""
    rows = [
        (
            one_line(cell.label),
            phase,
            numbers.size(planned),
            numbers.size(measured),
            numbers.error(planned / measured - 1),
        )
        for cell in cells
        for phase, (planned, measured) in planned_and_measured(cell).items()
        if measured > 0
    ]
    return Table("Predicted memory beside measured", PLANNED, tuple(rows))


def memory_source(cells: Sequence[Cell]) -> str:
    """Which layer measured the peaks, or why none did."""
    layer = memory_layer(tuple(cells))
    sources = [r.summary.memory for c in cells for r in c.runs if r.summary and r.summary.memory]
    if not sources:
        return "No source of memory measurements was recorded."
    if layer is None:
        return one_line(
            f"No measured peaks: {sources[0].device_reason or sources[0].allocator_reason or 'none recorded'}."
        )
    kind = sources[0].device if layer == DEVICE else sources[0].allocator
    return f"Peaks measured by {LAYER_WORDS.get((kind or '', layer), layer)}, after warm-up."
