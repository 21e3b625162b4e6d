"""Whether GRPO saves memory is judged here: state bytes, which are exact, and measured peaks.

GRPO saves at least SAVING: supported if the interval of the saving lies above it, refuted if below.  The saving of
state bytes is exact and is judged as it is.  Each is asked of four-model PPO and again of the matched PPO
(`matching.cost_contrasts`).  The peak is judged only where the states are at least LEAST_STATES of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.matching import Contrast, cost_contrasts
from rlvr_bench.reports.cells.pairing import pair
from rlvr_bench.reports.claims.decide import decide_above
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.memory import memory_layer, peak_bytes, state_bytes
from rlvr_bench.reports.stats import Estimate, paired_ratio, rng, t_test

SAVING = 0.40
SAVING_TEXT = numbers.whole_percent(SAVING)
LEAST_STATES = 0.10


def states(cells: Sequence[Cell]) -> list[Finding]:
    """memory.states.*"""
    return [_states(contrast) for contrast in cost_contrasts(cells)]


def peak(cells: Sequence[Cell]) -> list[Finding]:
    """memory.peak.*"""
    return [_peak(contrast) for contrast in cost_contrasts(cells)]


def _states(contrast: Contrast) -> Finding:
    identifier, name = f"memory.states.{contrast.suffix}", contrast.name
    claim = f"GRPO's model states take at least {SAVING_TEXT} fewer bytes than those of {name}."
    if contrast.cells is None:
        return not_tested(identifier, claim, f"it needs {name} and GRPO with a reference and a verifier, both built.")
    ppo, grpo = (state_bytes(c) or 0 for c in contrast.cells)
    if not ppo:
        return not_tested(identifier, claim, "no state bytes were recorded.")
    saving = 1 - grpo / ppo
    return Finding(
        id=identifier,
        claim=claim,
        conclusion="supported" if saving >= SAVING else "refuted",
        effect=f"{numbers.percent(saving)} (exact): {numbers.size(ppo)} against {numbers.size(grpo)}",
        n="exact",
        equal=held_equal(*contrast.cells),
        rule=f"Exact bytes of weights, gradients, optimizer states and buffers; threshold {SAVING_TEXT}.",
        sentence=f"Against {name}, GRPO's model states take {numbers.percent(saving)} fewer bytes (exact).",
        estimate=Estimate(saving, saving, saving, 1, "exact"),
    )


def _peak(contrast: Contrast) -> Finding:
    identifier, name, both = f"memory.peak.{contrast.suffix}", contrast.name, contrast.cells
    claim = f"GRPO's measured peak memory is at least {SAVING_TEXT} below that of {name}."
    layer = memory_layer(both) if both else None
    values = pair(*both, partial(peak_bytes, layer=layer)) if both and layer else None
    if both is None or values is None:
        reason = f"it needs {name} and GRPO with a reference and a verifier, both measured."
        return not_tested(identifier, claim, reason)
    if min(values.a + values.b) <= 0:
        return not_tested(identifier, claim, "a peak is not above what the process held before the models.")
    share = (state_bytes(both[0]) or 0) / float(np.mean(values.a))
    if share < LEAST_STATES:
        return not_tested(
            identifier,
            claim,
            f"the models' states are {numbers.percent(share)} of {both[0].label}'s peak: what is measured at this "
            "size is the process, not the models.",
        )
    ratio = paired_ratio(values.b, values.a, rng())
    low, high = None if ratio.high is None else 1 - ratio.high, None if ratio.low is None else 1 - ratio.low
    saving = Estimate(1 - ratio.value, low, high, ratio.n, ratio.method)
    text = numbers.with_interval(saving, numbers.percent)
    means = [numbers.size(float(np.mean(v))) for v in (values.a, values.b)]
    return Finding(
        id=identifier,
        claim=claim,
        conclusion=decide_above(saving, SAVING),
        effect=f"{text}: mean {means[0]} against {means[1]}",
        n=values.n,
        equal=held_equal(*both),
        rule=f"Supported if the {numbers.INTERVAL} lies above {SAVING_TEXT}, refuted if below. Largest peak of a run "
        "after warm-up, less what was held before any model was built; paired ratio on the log scale.",
        sentence=f"Against {name}, GRPO lowered the measured peak by {text}.",
        estimate=saving,
        p=t_test(np.log(values.b) - np.log(values.a), float(np.log(1 - SAVING))) if saving.known else None,
    )
