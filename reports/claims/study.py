"""Every claim under test is asked of a study here, in the order of the page.

A new claim is one function and one entry:
1. Write a function of the cells of a part that gives a `Finding` for each cell or pair of cells that it is about, or
   one `not_tested` with the reason.  Its thresholds are constants, its rule and its id (`<topic>.<claim>`) are in the
   docstring of its file, all fixed before any data.
2. Add it to one of the lists below, where it shall be on the page: COSTS is asked of the parts that were made to
   measure costs (of the learning parts where there are none), LEARNING of each learning part, SEARCHED of each part of
   random searches, WHOLE once, of all cells of the learning parts together.
The tables and the page follow.  Findings made so are descriptive: each stands by its own interval, none corrects
another.  What a suite is to decide it names beforehand, in `[[hypotheses]]` of its file (`primary/`); those are
corrected among themselves and come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rlvr_bench.reports.claims import (
    accuracy,
    communication,
    critic,
    groups,
    length,
    memory,
    models,
    samples,
    stability,
    step_time,
    targets,
)
from rlvr_bench.reports.claims.finding import Claim, Finding, not_tested
from rlvr_bench.reports.claims.primary import judged
from rlvr_bench.reports.claims.rewards import control, equal_distance, fits, learned
from rlvr_bench.reports.claims.searches import sensitivity, survival
from rlvr_bench.reports.load import Cell, Study


def _out_of_reach(identifier: str, claim: str, reason: str) -> Claim:
    """A claim that no study of this package can test yet."""
    return lambda cells: [not_tested(identifier, claim, reason)]


COUNTED = "communication.bytes"
_OPPOSITES = {"supported", "refuted"}
COSTS: tuple[Claim, ...] = (models.count, memory.states, memory.peak, step_time.step, communication.sent_bytes)
LEARNING: tuple[Claim, ...] = (
    accuracy.final,
    targets.samples,
    targets.seconds,
    samples.many,
    stability.collapse,
    stability.spread,
    groups.silent,
    learned.hacked,
    learned.cost,
    learned.labels,
    equal_distance.algorithm,
    fits.form,
    fits.best_of_n,
    control.random,
)
WHOLE: tuple[Claim, ...] = (
    control.verifier,
    critic.noise,
    length.length,
    _out_of_reach(
        COUNTED,
        "GRPO communicates less.",
        "it needs bytes counted in a run over several processes; each cell here ran in one.",
    ),
)


SEARCHED: tuple[Claim, ...] = (sensitivity.sensitivity, sensitivity.search, survival.survival)


def findings(study: Study) -> tuple[Finding, ...]:
    """The suite's own hypotheses, then the others in the order of the lists, those that need another study last."""
    parts = study.parts("learning")
    found = []
    for part in study.parts("systems") or parts:
        found += [replace(f, part=part.title) for f in ask(COSTS, study.cells(part))]
    for part in parts:
        found += [replace(f, part=part.title) for f in ask(LEARNING, study.cells(part))]
    if not parts:
        found += [replace(f, note="this study has no learning part.") for f in ask(LEARNING, ())]
        found += samples.crossing((), ())
    for part in study.parts("search"):
        found += [replace(f, part=part.title) for f in ask(SEARCHED, study.cells(part))]
    for part in parts:
        found += [
            replace(f, part=part.title) for f in samples.crossing(study.cells(part), study.bases.get(part.name, ()))
        ]
    if not study.parts("search"):
        found += ask(SEARCHED, ())
    found += ask(WHOLE, [c for part in parts for c in study.cells(part)])
    if any(f.id.startswith(f"{COUNTED}.") for f in found):
        found = [f for f in found if f.id != COUNTED]
    found = [f if f.tested else replace(f, part="") for f in found]
    primary = judged.hypotheses(study)
    told = {(f.part, f.question, frozenset(f.pair or ()), f.id) for f in primary}
    # What the suite named under a claim's own id is judged there alone: one quantity, one verdict.
    rest = [f for f in found if (f.part, f.question, frozenset(f.pair or ()), f.id) not in told]
    return (*primary, *side_by_side(sorted(rest, key=lambda f: not f.tested)))


def side_by_side(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Where one claim is supported in one part and refuted in another, each sentence names its part and the other."""
    told = []
    for f in found:
        others = [o for o in found if (o.id, o.pair) == (f.id, f.pair) and {o.conclusion, f.conclusion} == _OPPOSITES]
        there = "; ".join(f"{o.conclusion} in {o.part}" for o in others if o.part != f.part)
        told.append(replace(f, sentence=f"{f.part}: {f.sentence} But {there}.") if there else f)
    return tuple(told)


def ask(claims: Sequence[Claim], cells: Sequence[Cell]) -> list[Finding]:
    """What the cells say about each claim."""
    return [finding for claim in claims for finding in claim(cells)]


def unique_untested(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Claims not tested in any part, each once."""
    tested = {f.id for f in found if f.tested}
    return tuple({f.id: f for f in found if not f.tested and f.id not in tested}.values())
