"""The table of fits of the true reward over the distance is made here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.proxies.fits import Fitted, fitted_cells
from rlvr_bench.reports.page.table import Table, csv_text

NOTE = (
    "Gain in true reward over the base model at the distance d = sqrt(KL): d (alpha - beta log d) of a trained policy, "
    "d (alpha - beta d) of the best of n (Gao et al. 2022), by least squares to each reward model's curve. Shown are "
    f"means over reward models with Student's {numbers.LEVEL_TEXT} interval; intervals of each reward model's own fit, "
    "by a bootstrap over the points of its curve, are in the CSV, and are too narrow, since neighboring points are not "
    "independent. Extrapolated: fitted up to half of the largest distance and read beyond it; root mean square error, "
    "mean of prediction less observation, and, to compare, the error of staying at the level last seen."
)
MEASURES: tuple[tuple[str, Callable[[Fitted], float | None]], ...] = (
    ("alpha", lambda one: one.whole.alpha if one.whole else None),
    ("beta", lambda one: one.whole.beta if one.whole else None),
    ("residual", lambda one: one.whole.residual if one.whole else None),
    ("extrapolated", lambda one: one.half.error if one.half else None),
    ("bias", lambda one: one.half.bias if one.half else None),
    ("staying", lambda one: one.half.still if one.half else None),
)


def fits_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """One row a cell that was trained on a reward model, and one a reward for the best of n; empty without a fit."""
    rows = []
    for cell in fitted_cells(cells):
        found = [cell.over_models(measure) for _, measure in MEASURES]
        shown = [numbers.with_interval(one, numbers.share) for one in found]
        rows.append((one_line(cell.label), str(len(cell.curves)), *shown))
    columns = ("curve", "reward models", *(name for name, _ in MEASURES))
    return Table("Fits of the true reward over the distance", columns, tuple(rows), NOTE)


def fits_csv(part: PartInfo, cells: Sequence[Cell]) -> str:
    """One line a reward model, with the intervals of its own fit."""
    head = ["curve", "form", "seed", "alpha", "alpha_low", "alpha_high", "beta", "beta_low", "beta_high", "peak"]
    lines: list[list[object]] = [
        [*head, "points", "residual", "fitted_to", "alpha_half", "beta_half", "extrapolation_error", "bias", "staying"]
    ]
    for cell in fitted_cells(cells):
        for one in cell.curves:
            whole, half = one.whole, one.half
            if whole is None:
                continue
            ends = [(value, *(interval or (None, None))) for value, interval in (
                (whole.alpha, whole.alpha_interval), (whole.beta, whole.beta_interval)
            )]  # fmt: skip
            line: list[object] = [cell.label, cell.form, one.run.seed, *ends[0], *ends[1], whole.peak]
            line += [whole.points, whole.residual]
            line += (
                [half.reach, half.fit.alpha, half.fit.beta, half.error, half.bias, half.still] if half else [None] * 6
            )
            lines.append(line)
    return csv_text(lines)
