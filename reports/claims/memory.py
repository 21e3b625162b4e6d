"""Whether an algorithm without a critic saves memory: state bytes, which are arithmetic, and measured peaks.

memory.states.*  Exact bytes of both sides and the saving.  They follow from which models are trained and frozen, so
                 nothing is tested.
memory.peak.*    The measured peak is at least SAVING lower: supported if the interval of the ratio lies below
                 1 - SAVING, refuted if above.  Undecidable where the states are under LEAST_STATES of the peak: what
                 is measured at such a size is the process, not the models.
Each is asked of four models against two, and again of a matched pair (`matching.cost_contrasts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import fmean

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.matching import Contrast, Pair, cost_contrasts
from rlvr_bench.reports.cells.pairing import Paired, pair
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.claims.judged import Proposition, describe
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.costs.memory import bytes_per_parameter, memory_layer, peak_bytes, state_bytes
from rlvr_bench.reports.measures.curves.memory_curve import is_curve
from rlvr_bench.reports.stats import Estimate

SAVING = 0.40
SAVING_TEXT = numbers.whole_percent(SAVING)
LEAST_STATES = 0.10


def states(cells: Sequence[Cell]) -> list[Finding]:
    """memory.states.*"""
    return [_states(contrast) for contrast in cost_contrasts(cells) if contrast.cells or not is_curve(cells)]


def peak(cells: Sequence[Cell]) -> list[Finding]:
    """memory.peak.*; not of a curve over sizes, where the answer depends on the pair that one looks at."""
    return [] if is_curve(cells) else [_peak(contrast) for contrast in cost_contrasts(cells)]


def _needs(contrast: Contrast, what: str) -> str:
    return f"it needs {contrast.name} and one without a critic, with a reference and a verifier, both {what}."


def _states(contrast: Contrast) -> Finding:
    identifier, name, other = f"memory.states.{contrast.suffix}", contrast.name, contrast.other
    claim = f"{other}'s model states take fewer bytes than those of {name}."
    if contrast.cells is None:
        return not_tested(identifier, claim, _needs(contrast, "built"))
    critic, free = (state_bytes(c) or 0 for c in contrast.cells)
    if not critic:
        return not_tested(identifier, claim, "no state bytes were recorded.")
    saving = 1 - free / critic
    each = [bytes_per_parameter(c) for c in contrast.cells]
    by = f": {each[1]:.1f} against {each[0]:.1f} bytes per parameter of the actor" if all(each) else ""
    return Finding(
        id=identifier,
        claim=claim,
        conclusion="arithmetic",
        effect=f"{numbers.percent(saving)} (exact): {numbers.size(free)} against {numbers.size(critic)}",
        n="exact",
        equal=held_equal(*contrast.cells),
        rule="Exact bytes of weights, gradients, optimizer states and buffers; arithmetic, no test.",
        sentence=f"{claim.rstrip('.')}: arithmetic, {numbers.percent(saving)} fewer (exact){by}.",
        question="memory",
        pair=(contrast.cells[1].label, contrast.cells[0].label),
        estimate=Estimate(1 - saving, 1 - saving, 1 - saving, 1, "exact"),
        scale="ratio",
    )


def _peak(contrast: Contrast) -> Finding:
    identifier, both = f"memory.peak.{contrast.suffix}", contrast.cells
    claim = f"{contrast.other}'s measured peak memory is at least {SAVING_TEXT} lower than that of {contrast.name}."
    layer = memory_layer(both) if both else None
    values = pair(both[1], both[0], partial(peak_bytes, layer=layer)) if both and layer else None
    if both is None or values is None:
        return not_tested(identifier, claim, _needs(contrast, "measured"))
    proposition = Proposition(
        id=identifier,
        claim=claim,
        question="memory",
        kind="less",
        margin=1 - SAVING,
        scale="ratio",
        pair=(both[1].label, both[0].label),
    )
    means = [numbers.size(fmean(v)) for v in (values.a, values.b)]
    return describe(
        proposition,
        values,
        equal=held_equal(*both),
        rule="Largest peak of a run after warm-up, less what was held before any model was built; paired ratio on the "
        "log scale.",
        note=f"Means {means[0]} against {means[1]}.",
        blocked=_not_the_models(both, values),
    )


def _not_the_models(both: Pair, values: Paired) -> str:
    """Why the peaks say nothing of the models, as a clause."""
    if min(values.a + values.b) <= 0:
        return "a peak is not above what the process held before the models"
    share = (state_bytes(both[0]) or 0) / fmean(values.b)
    if share >= LEAST_STATES:
        return ""
    return (
        f"the models' states are {numbers.percent(share)} of the peak of {both[0].label}, so what is measured at this "
        "size is the process, not the models"
    )
