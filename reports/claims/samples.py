"""Whether an algorithm does better where many samples are drawn is judged here: pass@k and maj@k.

samples.pass@k, samples.maj@k   Without a critic and with it, training ends at one pass@k (maj@k), within MARGIN, at the
                                largest k: an equivalence.  Where both are so near 1 that no difference could exceed
                                MARGIN it is undecidable.  The base model's own value stands beside it.
samples.crossing                At the largest k of `measure.many_items` a policy solves fewer items than the base model
                                that it started from: supported if the interval of the difference, paired by seed, lies
                                below 0, refuted if above.  Beside it stands the k from which on it does so.  Runs that
                                start from one base model share its luck, which the interval over seeds does not know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from statistics import fmean

from rlvr_bench.harness.records import BaseMeasurement
from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.matching import Pair, display, matched_pair
from rlvr_bench.reports.cells.pairing import pair
from rlvr_bench.reports.cells.reward_setting import VERIFIER
from rlvr_bench.reports.claims.accuracy import MARGIN, MARGIN_TEXT, correlation_note
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.claims.judged import Proposition, accuracy_limits, alone, describe
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import FINAL_SCORE, final_score, start
from rlvr_bench.reports.measures.curves.many import Crossing, asked, gains
from rlvr_bench.reports.measures.curves.many import crossing as find_crossing

CROSSING = "samples.crossing"


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


def crossing(cells: Sequence[Cell], bases: Sequence[BaseMeasurement]) -> list[Finding]:
    """samples.crossing, of each cell that was asked many times.

    Args:
        bases: measurements of the base models of the part.
    """
    found = [_crossing(c, bases) for c in asked(cells) if gains(c, bases, "pass")[1]]
    claim = "With many samples the base model solves more items than the trained policy."
    reason = "it needs many samples of each item, of the policies and of their base models (`measure.many_items`)."
    return found or [not_tested(CROSSING, claim, reason)]


def _crossing(cell: Cell, bases: Sequence[BaseMeasurement]) -> Finding:
    seeds, by_k = gains(cell, bases, "pass")
    most = max(by_k)
    proposition = Proposition(
        id=CROSSING,
        claim=f"At pass@{most}, {cell.label} ends below the base model that it started from.",
        question="accuracy",
        kind="less",
        margin=0.0,
        pair=(cell.label, "base model"),
        unit="points",
    )
    return describe(
        proposition,
        alone(seeds, by_k[most].tolist()),
        equal="task, items, number of samples; each has the temperature that served it best on the validation split",
        rule="After the last step, less its own base model.",
        note=_crossing_note(found) if (found := find_crossing(by_k)) else "",
    )


def _crossing_note(found: Crossing) -> str:
    beyond = f"beyond {found.most}"
    if found.k is None:
        text = f"No crossing up to k = {found.most} in the mean over the seeds"
    else:
        ends = [beyond if end is None else f"{end:.0f}" for end in (found.low, found.high)]
        text = f"It falls below from k = {found.k:.0f} on [{', '.join(ends)}] ({numbers.LEVEL_TEXT}, over seeds)"
    return f"{text}; it crosses in {numbers.percent(found.share)} of the bootstrap's draws."


def _largest(cells: Sequence[Cell], kind: str) -> int | None:
    names = {n for c in cells for r in c.finished for row in r.metrics for n in row}
    return max(
        (int(m[1]) for n in names if (m := re.fullmatch(rf"eval/{kind}@(\d+)", n)) and int(m[1]) > 1), default=None
    )
