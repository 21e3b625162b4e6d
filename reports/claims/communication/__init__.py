"""Whether an algorithm without a critic makes its processes send less, by the bytes that were counted.

communication.bytes.*  A process sends at least SAVING fewer bytes a step: supported if the interval of the ratio lies
                       below 1 - SAVING, refuted if above.  Where every step of every run sent the same, as when no
                       message depends on the samples, it is arithmetic and not tested.
Asked of each part whose runs had several processes: of four models against two, and again of a matched pair
(`matching.cost_contrasts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.matching import Contrast, Pair, cost_contrasts
from rlvr_bench.reports.cells.pairing import pair
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.claims.judged import Proposition, describe
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.costs.communication import sent_in
from rlvr_bench.reports.stats import Estimate

SAVING = 0.30
RULE = (
    "Bytes that one process sends in a step if every collective operation goes round a ring, mean over the steps after "
    "warm-up"
)


def sent_bytes(cells: Sequence[Cell]) -> list[Finding]:
    """communication.bytes.*; nothing where one process trains."""
    found = [_of_pair(contrast, contrast.cells) for contrast in cost_contrasts(cells) if contrast.cells]
    return [finding for finding in found if finding]


def _mean(run: Run) -> float | None:
    return fmean(found) if (found := sent_in(run)) else None


def _of_pair(contrast: Contrast, both: Pair) -> Finding | None:
    critic, free = both
    values = pair(free, critic, _mean)
    if values is None:
        return None
    identifier = f"communication.bytes.{contrast.suffix}"
    means = [fmean(values.a), fmean(values.b)]
    claim = (
        f"With {contrast.other} a process sends at least {numbers.whole_percent(SAVING)} fewer bytes a step than with "
        f"{contrast.name}."
    )
    if all(len({sent for run in cell.finished for sent in sent_in(run)}) == 1 for cell in both):
        return _arithmetic(identifier, contrast, both, means)
    proposition = Proposition(
        id=identifier,
        claim=claim,
        question="cost",
        kind="less",
        margin=1 - SAVING,
        scale="ratio",
        pair=(free.label, critic.label),
    )
    return describe(
        proposition,
        values,
        equal=held_equal(*both),
        rule=f"{RULE}; paired ratio on the log scale.",
        note=f"Means {numbers.size(means[0])} against {numbers.size(means[1])}.",
    )


def _arithmetic(identifier: str, contrast: Contrast, both: Pair, means: Sequence[float]) -> Finding:
    critic, free = both
    ratio = means[0] / means[1]
    claim = f"With {contrast.other} a process sends fewer bytes a step than with {contrast.name}"
    saving = f"{numbers.percent(1 - ratio)} fewer (exact): {numbers.size(means[0])} against {numbers.size(means[1])}"
    return Finding(
        id=identifier,
        claim=f"{claim}.",
        conclusion="arithmetic",
        effect=saving,
        n="exact",
        equal=held_equal(*both),
        rule=f"{RULE}; every step of every run sent the same, so nothing is tested.",
        sentence=f"{claim}: arithmetic, {saving}.",
        question="cost",
        pair=(free.label, critic.label),
        estimate=Estimate(ratio, ratio, ratio, 1, "exact"),
        scale="ratio",
    )
