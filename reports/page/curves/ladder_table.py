"""The table of baselines is made here: how noisy the policy gradient is with each, at fixed policies."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.ladder import critic_points, rungs
from rlvr_bench.reports.page.comparison_table import estimate_fields
from rlvr_bench.reports.page.table import Table, csv_text

COLUMNS = ("policies of", "step", "baseline", "variance (oracle's = 1)", "cosine with the reference", "seeds")
NOTE = (
    f"Brackets: {numbers.INTERVAL} over seeds (Student's; of the logarithms for the variance). Variance of the policy "
    "gradient over batches of one size, over that of the oracle, whose baseline is a prompt's true mean reward, on the "
    "same completions. Cosine: of a batch's gradient with a reference from other batches."
)


def ladder_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """One row per cell, step and baseline; empty where no cell measured any."""
    rows = tuple(
        (
            one_line(cell.label),
            str(n.step),
            n.rung,
            numbers.with_interval(n.relative, numbers.number),
            numbers.with_interval(n.cosine, numbers.share),
            str(n.variance.n),
        )
        for cell in cells
        for n in rungs(cell)
    )
    return Table("Baselines of the policy gradient", COLUMNS, rows, NOTE)


def ladder_csv(part: PartInfo, cells: Sequence[Cell]) -> str:
    """Raw numbers of the baselines, and below them each seed's two numbers of EVPO's claim."""
    names = ("relative_variance", "variance", "cosine")
    ends = ("", "_low", "_high", "_n", "_method")
    lines: list[list[object]] = [["cell", "step", "baseline", *(f"{n}{end}" for n in names for end in ends)]]
    for cell in cells:
        for n in rungs(cell):
            fields = [f for e in (n.relative, n.variance, n.cosine) for f in estimate_fields(e)]
            lines.append([cell.name, n.step, n.rung, *fields])
    points = critic_points(cells)
    if points:
        lines += [[], ["cell", "step", "seed", "explained_variance", "critic_over_batch_mean", "agrees"]]
        lines += [[p.cell, p.step, p.seed, p.explained, p.ratio, int(p.agrees)] for p in points]
    return csv_text(lines)
