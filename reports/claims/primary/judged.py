"""A suite's own hypotheses are judged here: one family, corrected by Holm among themselves and by nothing else.

The values of each come from its two cells alone, and the family is what the suite file named, so a verdict cannot
change because another cell, part or claim is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rlvr_bench.harness.records import FROM_SEARCHES, Hypothesis, Measure
from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.pairing import Paired
from rlvr_bench.reports.claims import judged
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.claims.judged import Proposition
from rlvr_bench.reports.claims.primary.measures import (
    BUDGET_OF,
    QUESTION_OF,
    SCORES,
    SHARES,
    TIMED,
    described,
    paired_values,
)
from rlvr_bench.reports.claims.primary.nested import OverBases, disagreement, over_bases
from rlvr_bench.reports.claims.searches.sensitivity import EQUAL, NEAR_TEXT, search_note
from rlvr_bench.reports.claims.targets import both_arrived, reached_note
from rlvr_bench.reports.load import Cell, Study
from rlvr_bench.reports.measures.budgets import TARGET, arrivals_of
from rlvr_bench.reports.measures.curves.search_size import near, yardstick
from rlvr_bench.reports.measures.curves.tuning import searches
from rlvr_bench.reports.measures.machine import busy, timing_note
from rlvr_bench.reports.stats import (
    LEVEL,
    UNLIMITED,
    Judgment,
    Range,
    Verdict,
    judge_shares,
    judge_times,
    power,
    verdicts,
)

FAMILY = "Holm's correction over the {n} that this suite named beforehand."


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """A hypothesis on its way to a finding."""

    hypothesis: Hypothesis
    proposition: Proposition
    title: str  # of its part
    cells: tuple[Cell, Cell] | None  # None where the study lacks one
    values: Paired  # none for times to a target
    judgment: Judgment
    spread: float | None
    note: str = ""


def hypotheses(study: Study) -> tuple[Finding, ...]:
    """A primary finding of each, in the order of the suite file."""
    found = [_judge(study, h) for h in study.manifest.hypotheses]
    names = [h.hypothesis.id for h in found]
    decided = verdicts({name: one.judgment for name, one in zip(names, found, strict=True)}, names)
    return tuple(_finding(one, decided[one.hypothesis.id], len(found)) for one in found)


def _judge(study: Study, h: Hypothesis) -> _Judged:
    part = next((p for p in study.manifest.parts if p.name == h.part), None)
    cells = {c.name: c for c in study.cells(part)} if part else {}
    both = (cells[h.cells[0]], cells[h.cells[1]]) if all(name in cells for name in h.cells) else None
    labels = {c.name: c.label for c in study.manifest.cells}
    proposition = Proposition(
        id=h.id,
        claim=h.text,
        question=QUESTION_OF[h.measure],
        kind=h.test,
        margin=h.margin,
        scale=h.scale,
        pair=(labels.get(h.cells[0], h.cells[0]), labels.get(h.cells[1], h.cells[1])),
        unit="points" if h.measure in SHARES else "",
        show=None if h.measure in SHARES else numbers.number,
        limits=_limits(h.measure, both) if both else UNLIMITED,
        planned=h.n,
        noun="what it takes" if h.measure in BUDGET_OF else "it",
    )
    title = part.title if part else h.part
    if h.measure in FROM_SEARCHES and part:
        return _judge_searches(proposition, h, title, study.cells(part))
    if both is None:
        nothing = Judgment(outcome="undecidable", reason="a cell that it names is not there", n=0, planned=h.n)
        return _Judged(hypothesis=h, proposition=proposition, title=title, cells=None, values=Paired((), (), ()),
                       judgment=nothing, spread=None)  # fmt: skip
    values, judgment, note = _of_cells(proposition, h, both)
    if h.measure in TIMED:
        judgment = judged.blocked_by(judgment, busy(both))
    return _Judged(
        hypothesis=h,
        proposition=proposition,
        title=title,
        cells=both,
        values=values,
        judgment=judgment,
        spread=judged.spread_of(proposition, values),
        note=f"{note} {timing_note(both) if h.measure in TIMED else ''}".strip(),
    )


def _limits(measure: Measure, both: tuple[Cell, Cell]) -> Range:
    if measure in SCORES:
        return judged.accuracy_limits(both, SCORES[measure])
    return Range(0.0, 1.0) if measure in SHARES else UNLIMITED


def _judge_searches(p: Proposition, h: Hypothesis, title: str, cells: Sequence[Cell]) -> _Judged:
    """Of the shares of two searches; the yardstick is one for both."""
    found = {s.name: s for s in searches(cells)}
    both = [found[name] for name in h.cells if name in found]
    nothing = Judgment(outcome="undecidable", reason="a search that it names has no trial", n=0, planned=h.n)
    judgment, note = nothing, ""
    if len(both) == len(h.cells):
        least = yardstick(both)
        a, b = ((near(s, least), len(s.trials)) for s in both)
        judgment = judge_shares("greater" if h.test == "greater" else "less", *a, *b, planned=h.n)
        p, note = replace(p, pair=(both[0].label, both[1].label)), search_note(both)
    return _Judged(hypothesis=h, proposition=p, title=title, cells=None, values=Paired((), (), ()), judgment=judgment,
                   spread=None, note=note)  # fmt: skip


def _of_cells(p: Proposition, h: Hypothesis, both: tuple[Cell, Cell]) -> tuple[Paired, Judgment, str]:
    """Values, judgment and a note of who arrived."""
    if h.measure not in BUDGET_OF:
        values = paired_values(*both, h)
        return values, judged.judge_values(p, values), ""
    a, b = arrivals_of(both, BUDGET_OF[h.measure], TARGET)
    judgment = judge_times(h.test, a, b, margin=h.margin, planned=h.n, scale=h.scale)
    return both_arrived(a, b), judgment, reached_note(both, (a, b))


def _finding(one: _Judged, verdict: Verdict, family: int) -> Finding:
    h, p, test = one.hypothesis, one.proposition, one.judgment.test
    exact = h.measure == "state_bytes" and one.judgment.n > 0 and one.spread is None
    what = "trial" if h.measure in FROM_SEARCHES else "pair"
    found = judged.finding(
        p,
        one.judgment,
        equal=_equal(one),
        spread=one.spread,
        rule=f"{_measured(one)} {FAMILY.format(n=family)}".strip(),
        n=f"{one.judgment.n} of {numbers.count(h.n, f'planned {what}')}",
    )
    bases = over_bases(p, one.values, one.cells[0], test.level if test else LEVEL) if one.cells and test else None
    found = replace(
        found,
        conclusion=verdict.outcome,
        sentence=_sentence(p, verdict, one.judgment, bases),
        note=" ".join(
            filter(None, [one.note, _bases_note(bases), _power_note(one), _withdrawn(one.judgment, verdict)])
        ),
        part=one.title,
        primary=True,
        p=verdict.p if test else None,
        p_holm=verdict.p_holm,
    )
    return _arithmetic(found, one) if exact else found


def _equal(one: _Judged) -> str:
    if one.hypothesis.measure in FROM_SEARCHES:
        return EQUAL
    return held_equal(*one.cells) if one.cells else "unknown: a cell is missing"


def _measured(one: _Judged) -> str:
    if one.hypothesis.measure in FROM_SEARCHES:
        return f"Share of the trials that reach {NEAR_TEXT} of the best of both; Fisher's exact test."
    return described(one.hypothesis, one.cells[0]) if one.cells else ""


def _sentence(p: Proposition, verdict: Verdict, judgment: Judgment, bases: OverBases | None) -> str:
    text = judged.sentence(p, verdict.outcome, verdict.reason, judgment.test)
    more = disagreement(p, verdict.outcome, bases) if bases else ""
    if _withdrawn(judgment, verdict):
        more = f"; alone it would be {judgment.outcome}, but that does not survive the correction{more}"
    return f"{text.removesuffix('.')}{more}."


def _withdrawn(judgment: Judgment, verdict: Verdict) -> str:
    if judgment.outcome == verdict.outcome:
        return ""
    return f"The interval alone says {judgment.outcome}; that does not survive Holm's correction over the family."


def _bases_note(bases: OverBases | None) -> str:
    return f"{bases.text[0].upper()}{bases.text[1:]}." if bases else ""


def _power_note(one: _Judged) -> str:
    """Of an equivalence, how often it would be supported if there were no difference at all."""
    h = one.hypothesis
    if h.test != "equivalent" or one.spread is None:
        return ""
    found = power(h.test, one.spread, h.margin, h.n, 1.0 if h.scale == "ratio" else 0.0, scale=h.scale)
    return f"With this spread and no true difference it would be supported in {100 * found.supported:.0f} % of studies."


def _arithmetic(found: Finding, one: _Judged) -> Finding:
    """Bytes of states are the same in every run: what they are is arithmetic, whatever the threshold."""
    a, b = one.values.a[0], one.values.b[0]
    value = a / b if one.hypothesis.scale == "ratio" else a - b
    low, high = one.proposition.holds
    says = "it holds" if low < value < high else "it does not hold"
    text = f"{numbers.size(a)} against {numbers.size(b)} (exact)"
    return replace(
        found,
        conclusion="arithmetic",
        effect=text,
        sentence=f"{found.claim.rstrip('.')}: arithmetic, {says}, {text}.",
        note="",
        power=None,
        p=None,
        p_holm=None,
    )
