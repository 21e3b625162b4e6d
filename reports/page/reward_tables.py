"""The tables of rewards that are not the verifier are made here: the reward models, and the ends of training."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.overoptimization import BLOCKS, EndOfTraining, ends_of_training, is_studied
from rlvr_bench.reports.measures.reward_models import reward_models
from rlvr_bench.reports.measures.windows import LAST_QUARTER, short_runs
from rlvr_bench.reports.page.comparison_table import estimate_fields
from rlvr_bench.reports.page.table import Table, csv_text

MODELS_NOTE = (
    f"Brackets: {numbers.LEVEL_TEXT} Wilson interval, as if the pairs were independent; pairs of one prompt are not, "
    "so it is too narrow. Calibration error: mean distance of accuracy from confidence over the bins, weighted by "
    "their pairs."
)
ENDS_NOTE = (
    f"Brackets: {numbers.INTERVAL} over seeds. Means of the {LAST_QUARTER}. Gap: proxy less true reward, both in "
    "standard deviations of the base model. Pairs: share of (right, wrong) pairs of one prompt that the proxy ranks "
    f"rightly, .5 is chance. Peak: each half of the seeds read at the distance, of {BLOCKS}, where the other half has "
    "its best, so that noise does not lift it; both distances beside it. It needs four seeds. Distance: sqrt(KL to "
    "the base model), sqrt(nats per completion)."
)
MEASURES = ("true", "proxy", "gap", "pair_accuracy", "distance")
COLUMNS = ("true reward", "proxy", "gap", "pairs", "distance", "peak true reward", "distance at peak")


def models_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """One row per distinct reward model that was tested on held-out pairs; empty without one."""
    rows = []
    for m in reward_models(cells):
        low, high = m.interval
        error, base = m.calibration_error, m.base_pass_rate
        rows.append(
            (
                one_line("; ".join(m.cells)),
                numbers.whole(m.pairs),
                numbers.whole(m.held_out_pairs),
                f"{numbers.share(m.accuracy)} [{numbers.share(low)}, {numbers.share(high)}]",
                numbers.ABSENT if error is None else numbers.share(error),
                numbers.ABSENT if base is None else numbers.share(base),
            )
        )
    columns = ("used by", "label pairs", "held-out pairs", "accuracy on them", "calibration error", "base pass rate")
    return Table("Reward models", columns, tuple(rows), MODELS_NOTE)


def models_csv(part: PartInfo, cells: Sequence[Cell]) -> str:
    """Raw numbers of the reward models."""
    head = ["cells", "pairs", "held_out_pairs", "held_out_accuracy", "held_out_accuracy_low", "held_out_accuracy_high"]
    lines: list[list[object]] = [[*head, "calibration_error", "base_pass_rate"]]
    for m in reward_models(cells):
        found = [m.pairs, m.held_out_pairs, m.accuracy, *m.interval, m.calibration_error, m.base_pass_rate]
        lines.append(["; ".join(m.cells), *found])
    return csv_text(lines)


def ends_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """One row per cell; empty where every cell was trained on the verifier, or none recorded enough."""
    rows = [
        (
            one_line(end.label),
            *(numbers.with_interval(getattr(end, name), numbers.share) for name in MEASURES),
            *_peak(end),
        )
        for end in _shown(cells)
    ]
    note = " ".join(filter(None, [ENDS_NOTE, short_runs(cells)]))
    return Table("True reward and proxy at the end of training", ("cell", *COLUMNS), tuple(rows), note)


def _peak(end: EndOfTraining) -> tuple[str, str]:
    if end.peak is None:
        return numbers.ABSENT, numbers.ABSENT
    positions = dict.fromkeys(f"{position:.2f}" for position in end.peak.positions)
    return numbers.with_interval(end.peak.height, numbers.share), " and ".join(positions)


def ends_csv(part: PartInfo, cells: Sequence[Cell]) -> str:
    """Raw numbers of the ends of training."""
    columns = [f"{name}{end}" for name in (*MEASURES, "peak") for end in ("", "_low", "_high", "_n", "_method")]
    positions = ("peak_distance_first_half", "peak_distance_second_half", "peak_in_sample")
    lines: list[list[object]] = [["cell", "label", *columns, *positions]]
    for end in _shown(cells):
        fields = [field for name in MEASURES for field in estimate_fields(getattr(end, name))]
        fields += estimate_fields(end.peak.height if end.peak else None)
        fields += [*end.peak.positions, end.peak.in_sample] if end.peak else [None] * 3
        lines.append([end.cell, end.label, *fields])
    return csv_text(lines)


def _shown(cells: Sequence[Cell]) -> list[EndOfTraining]:
    return [end for end in ends_of_training(cells) if end.true] if is_studied(cells) else []
