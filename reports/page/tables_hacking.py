"""Tables of rewards that are not the verifier: the reward models, and what came of training on each reward."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.overoptimization import Outcome, is_studied, outcomes, reward_models
from rlvr_bench.reports.page.tables import Table, csv_text

MODELS_NOTE = (
    "Brackets: 95 % Wilson interval, as if the pairs were independent; pairs of one prompt are not, so it is too "
    "narrow. Calibration error: mean distance of accuracy from confidence over the bins, weighted by their pairs."
)
OUTCOMES_NOTE = (
    "Brackets: 95 % interval over seeds. Means of the last quarter of the steps. Gap: proxy less true reward, both in "
    "standard deviations of the base model. Pairs: share of (right, wrong) pairs of one prompt that the proxy ranks "
    "rightly, .5 is chance. Peak: best of up to 25 means of blocks of steps, so on a flat curve noise alone lifts it "
    "above the mean. Distance: sqrt(KL to the base model), sqrt(nats per completion)."
)
MEASURES = ("true", "proxy", "gap", "pair_accuracy", "distance", "peak", "peak_distance")
COLUMNS = ("true reward", "proxy", "gap", "pairs", "distance", "peak true reward", "distance at peak")
EMPTY = Table("", (), ())


def models_table(cells: Sequence[Cell]) -> Table:
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


def models_csv(cells: Sequence[Cell]) -> str:
    head = ["cells", "pairs", "held_out_pairs", "held_out_accuracy", "held_out_accuracy_low", "held_out_accuracy_high"]
    lines: list[list[object]] = [[*head, "calibration_error", "base_pass_rate"]]
    for m in reward_models(cells):
        numbers = [m.pairs, m.held_out_pairs, m.accuracy, *m.interval, m.calibration_error, m.base_pass_rate]
        lines.append(["; ".join(m.cells), *numbers])
    return csv_text(lines)


def outcomes_table(cells: Sequence[Cell]) -> Table:
    """One row per cell; empty where every cell was trained on the verifier, or none recorded enough."""
    rows = [
        (
            one_line(found.label),
            *(numbers.with_interval(getattr(found, name), numbers.share) for name in MEASURES),
        )
        for found in _told(cells)
    ]
    return Table("True reward and proxy at the end of training", ("cell", *COLUMNS), tuple(rows), OUTCOMES_NOTE)


def outcomes_csv(cells: Sequence[Cell]) -> str:
    ends = ("", "_low", "_high", "_n", "_method")
    lines: list[list[object]] = [["cell", "label", *(f"{name}{end}" for name in MEASURES for end in ends)]]
    for found in _told(cells):
        line: list[object] = [found.cell, found.label]
        for name in MEASURES:
            e = getattr(found, name)
            line += [e.value, e.low, e.high, e.n, e.method] if e else [None] * 5
        lines.append(line)
    return csv_text(lines)


def _told(cells: Sequence[Cell]) -> list[Outcome]:
    return [found for found in outcomes(cells) if found.true] if is_studied(cells) else []
