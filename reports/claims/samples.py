"""Whether GRPO is the better choice where many samples are drawn is judged here: pass@k and maj@k.

GRPO ends better by MARGIN or more: supported if the interval of the difference lies above it, refuted if below.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import numpy as np

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.matching import Pair, matched_pair
from rlvr_bench.reports.cells.pairing import pair
from rlvr_bench.reports.cells.reward_setting import VERIFIER
from rlvr_bench.reports.claims.accuracy import MARGIN, MARGIN_TEXT
from rlvr_bench.reports.claims.decide import decide_above
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import final_score
from rlvr_bench.reports.stats import paired_difference, rng, t_test


def many(cells: Sequence[Cell]) -> list[Finding]:
    """samples.pass@k, samples.maj@k"""
    matched = matched_pair(cells, VERIFIER)
    return [_many(matched, kind) for kind in ("pass", "maj")]


def _many(matched: Pair | None, kind: str) -> Finding:
    identifier = f"samples.{kind}@k"
    runs = [r for c in matched or () for r in c.finished]
    names = {n for r in runs for row in r.metrics for n in row}
    sizes = [int(m[1]) for n in names if (m := re.fullmatch(rf"eval/{kind}@(\d+)", n)) and int(m[1]) > 1]
    k = max(sizes, default=None)
    claim = f"GRPO ends with a better {kind}@{k or 'k'} than PPO, by {MARGIN_TEXT} or more."
    metric = f"eval/{kind}@{k}"
    if matched is None or k is None or (values := pair(*matched, partial(final_score, metric=metric))) is None:
        return not_tested(identifier, claim, f"it needs {kind}@k, k > 1, of a matched pair of cells.")
    difference = paired_difference(values.b, values.a, rng())
    return Finding(
        id=identifier,
        claim=claim,
        conclusion=decide_above(difference, MARGIN),
        effect=f"GRPO less PPO: {numbers.with_interval(difference, numbers.points, 'points')}",
        n=values.n,
        equal=held_equal(*matched),
        rule=f"Supported if the {numbers.INTERVAL} of the difference lies above the margin, refuted if below it.",
        estimate=difference,
        p=t_test(np.subtract(values.b, values.a), MARGIN) if difference.known else None,
    )
