"""Whether an algorithm does better where many samples are drawn is judged here: pass@k and maj@k.

samples.pass@k, samples.maj@k   Without a critic and with it, training ends at one pass@k (maj@k), within MARGIN, at the
                                largest k: an equivalence.  Where both are so near 1 that no difference could exceed
                                MARGIN it is undecidable.  The base model's own value stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from statistics import fmean

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.matching import Pair, display, matched_pair
from rlvr_bench.reports.cells.pairing import pair
from rlvr_bench.reports.cells.reward_setting import VERIFIER
from rlvr_bench.reports.claims.accuracy import MARGIN, MARGIN_TEXT, correlation_note
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.claims.judged import Proposition, accuracy_limits, describe
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import FINAL_SCORE, final_score, start


def many(cells: Sequence[Cell]) -> list[Finding]:
    """samples.pass@k, samples.maj@k"""
    matched = matched_pair(cells, VERIFIER)
    return [_many(matched, kind) for kind in ("pass", "maj")]


def _many(matched: Pair | None, kind: str) -> Finding:
    identifier = f"samples.{kind}@k"
    k = _largest(matched or (), kind)
    metric = f"eval/{kind}@{k}"
    names = [display(c) for c in matched[::-1]] if matched else ["GRPO", "PPO"]
    claim = f"{' and '.join(names)} end at one {kind}@{k or 'k'}, within {MARGIN_TEXT}."
    if (
        matched is None
        or k is None
        or (values := pair(matched[1], matched[0], partial(final_score, metric=metric))) is None
    ):
        return not_tested(identifier, claim, f"it needs {kind}@k, k > 1, of a matched pair of cells.")
    proposition = Proposition(
        id=identifier,
        claim=claim,
        question="accuracy",
        kind="equivalent",
        margin=MARGIN,
        pair=(matched[1].label, matched[0].label),
        unit="points",
        limits=accuracy_limits(matched, metric),
    )
    base = [v for c in matched for r in c.finished if (v := start(r, metric)) is not None]
    note = f"The base model's own: {numbers.share(fmean(base))}." if base else "The base model's own is not recorded."
    note += f" Ended at {fmean(values.a):.3f} ({names[0]}) and {fmean(values.b):.3f} ({names[1]})."
    return describe(
        proposition,
        values,
        equal=held_equal(*matched),
        rule=f"Score: {FINAL_SCORE}.",
        note=note + correlation_note(values),
    )


def _largest(cells: Sequence[Cell], kind: str) -> int | None:
    names = {n for c in cells for r in c.finished for row in r.metrics for n in row}
    return max(
        (int(m[1]) for n in names if (m := re.fullmatch(rf"eval/{kind}@(\d+)", n)) and int(m[1]) > 1), default=None
    )
