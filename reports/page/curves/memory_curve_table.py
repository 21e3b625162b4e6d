"""The table of GRPO's saving of memory over model size, tokens and micro-batch is made here."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.memory_curve import SavingPoint, saving_points
from rlvr_bench.reports.page.comparison_table import estimate_fields
from rlvr_bench.reports.page.table import Table, csv_text

COLUMNS = ("model", "parameters", "tokens", "micro-batch", "PPO's peak", "GRPO's peak", "saved", "states", "predicted")
NOTE = (
    f"Brackets: Student's {numbers.INTERVAL} of the saving over seeds, paired. Tokens: of a completion, at most; "
    "micro-batch: tokens of one forward pass, at most. Saved: how far GRPO's peak is below PPO's. States: the same of "
    "weights, gradients and optimizer states alone. Predicted: with activations and logits, for float32 on a CPU, "
    "without what the allocator keeps in reserve."
)


def memory_curve_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """One row per pair of cells; empty for a part whose pairs are all of one size."""
    return Table("Peak memory saved", COLUMNS, tuple(_row(p) for p in saving_points(cells)), NOTE)


def _row(p: SavingPoint) -> tuple[str, ...]:
    ppo, grpo = (numbers.size(e.value) for e in p.peaks) if p.peaks else (numbers.ABSENT, numbers.ABSENT)
    return (
        one_line(p.model),
        f"{p.parameters:,}",
        numbers.whole(p.tokens),
        numbers.whole(p.micro_tokens),
        ppo,
        grpo,
        numbers.with_interval(p.measured, numbers.percent),
        numbers.percent(p.states),
        numbers.ABSENT if p.predicted is None else numbers.percent(p.predicted),
    )


def memory_curve_csv(part: PartInfo, cells: Sequence[Cell]) -> str:
    """Raw numbers: bytes and shares."""
    ends = ("", "_low", "_high", "_n", "_method")
    head = ["ppo_cell", "grpo_cell", "model", "parameters", "tokens", "micro_tokens"]
    head += [f"{name}{end}" for name in ("ppo_peak", "grpo_peak", "saved") for end in ends]
    lines: list[list[object]] = [[*head, "saved_states", "saved_predicted"]]
    for p in saving_points(cells):
        peaks = p.peaks or (None, None)
        fields = [f for e in (*peaks, p.measured) for f in estimate_fields(e)]
        place = [p.ppo.name, p.grpo.name, p.model, p.parameters, p.tokens, p.micro_tokens]
        lines.append([*place, *fields, p.states, p.predicted])
    return csv_text(lines)
