"""The answer to "PPO or GRPO, here?" is put together here: three sentences, their scope, and what is not known.

Every number comes from a finding: from the suite's own hypotheses where there are any about the question, else from the
descriptive findings on the pair that differs by the critic alone.  Who is ahead is said by the interval that decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from operator import itemgetter
from typing import get_args

from rlvr_bench.harness.records import FROM_MANY
from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.environments import FIELDS, show
from rlvr_bench.reports.cells.matching import setting
from rlvr_bench.reports.claims.finding import Finding, Question
from rlvr_bench.reports.claims.study import unique_untested
from rlvr_bench.reports.load import Cell, Run, Study
from rlvr_bench.reports.measures.budgets import TARGET
from rlvr_bench.reports.measures.curves.memory_curve import SavingPoint, complement, saving_points
from rlvr_bench.reports.measures.curves.tuning import searches
from rlvr_bench.reports.stats import Estimate

# The descriptive findings that answer a question where no hypothesis does: of each row the first that a part has.
ACCURACY = (("accuracy.final",),)
COST = (("time.step.matched", "time.step.four-model"), ("budget.seconds",))
MEMORY = (("memory.peak.matched", "memory.peak.four-model"), ("memory.states.matched", "memory.states.four-model"))
_UNDECIDED = ("inconclusive", "undecidable")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Plain sentences."""

    accuracy: str
    cost: str
    memory: str
    scope: str
    unknown: tuple[str, ...]


def answer(study: Study, found: Sequence[Finding]) -> Answer:
    """From the primary findings where there are any, else from the descriptive ones."""
    return Answer(
        accuracy=_of(study, found, ("accuracy",), ACCURACY) or _best_trials(study) or _nothing(study, "Accuracy"),
        cost=_of(study, found, ("cost", "budget"), COST) or _nothing(study, "Cost"),
        memory=" ".join(filter(None, (_over_sizes(study), _of(study, found, ("memory",), MEMORY))))
        or _nothing(study, "Memory"),
        scope=_scope(study),
        unknown=_unknown(found),
    )


def _of(study: Study, found: Sequence[Finding], questions: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """One sentence a part, the primary findings in the order of the suite."""
    chosen = [f for f in found if f.primary and f.question in questions]
    if not chosen:
        tested = [f for f in found if f.tested and not f.primary]
        chosen = [f for row in rows for f in _first_of_each_part([f for i in row for f in tested if f.id == i])]
    titles = list(dict.fromkeys(f.part for f in chosen))
    told = []
    for title in titles:
        said = "; ".join(_said(study, f) for f in chosen if f.part == title)
        told.append(f"{title}: {said}." if len(study.manifest.parts) > 1 else f"{said[0].upper()}{said[1:]}.")
    return " ".join(told)


def _nothing(study: Study, question: str) -> str:
    if question == "Accuracy" and not any(part.kind != "systems" for part in study.manifest.parts):
        return "Accuracy: not a question of this study."
    if question == "Cost" and any(saving_points(study.cells(part)) for part in study.manifest.parts):
        return "Time: each size by itself, in the tables below."
    return f"{question}: no two cells could be compared."


def _over_sizes(study: Study) -> str:
    """Where the saving of the measured peak is least and where it is most, of each part that is a curve over sizes."""
    told = []
    for part in study.manifest.parts:
        points = [(p.measured.value, p) for p in saving_points(study.cells(part)) if p.measured]
        if len(points) < 2:
            continue
        ends = [p for _, p in (min(points, key=itemgetter(0)), max(points, key=itemgetter(0)))]
        low, high = (f"{_saving(p)} at {_place(p)}" for p in ends)
        names = short((ends[0].grpo.label, ends[0].ppo.label))
        told.append(
            f"{names[0].partition(',')[0]} has a measured peak {low}, and {high}, than {names[1].partition(',')[0]}: "
            f"the ends of {len(points)} sizes ({numbers.INTERVAL}s over paired seeds; descriptive)."
        )
    return " ".join(told)


def _saving(point: SavingPoint) -> str:
    assert point.measured is not None
    return numbers.compared(complement(point.measured))


def _place(point: SavingPoint) -> str:
    return f"{point.parameters / 1e6:.0f} M parameters with completions of {numbers.count(point.tokens, 'token')}"


def _best_trials(study: Study) -> str:
    """The best trial of each search, of as many; no test: which one is best was chosen by these same numbers."""
    found = [s for part in study.parts("search") for s in searches(study.cells(part))]
    told = [f"{s.label} {numbers.share(s.best.score)} of {numbers.count(len(s.trials), 'trial')}" for s in found]
    return f"Best validation pass@1 of a search: {'; '.join(told)} (no interval)." if told else ""


def _first_of_each_part(found: Iterable[Finding]) -> list[Finding]:
    first: dict[str, Finding] = {}
    for f in found:
        first.setdefault(f.part, f)
    return list(first.values())


def _said(study: Study, f: Finding) -> str:
    """Who is ahead by how much, or why that is not known."""
    e = f.estimate
    if f.pair is None or e is None or f.conclusion == "undecidable":
        return f.sentence.rstrip(".") or f.claim.rstrip(".")
    names = short(f.pair)
    if f.conclusion == "arithmetic":
        return f"{names[0]} has states {numbers.compared(e)} than {names[1]} (arithmetic)"
    told = _difference(f, names, e) if f.scale == "difference" else _ratio(study, f, names, e)
    measure = _measures(study, f).get(f.id)
    told = f"at {measure}, {told}" if measure in FROM_MANY else told
    verdict = f"hypothesis {f.id} {f.conclusion}" if f.primary else "descriptive"
    return f"{told} ({100 * f.level:.0f} % interval, {f.n}; {verdict})"


def short(pair: tuple[str, str]) -> tuple[str, str]:
    """Two labels without what they share behind a comma: GRPO and PPO of `GRPO, verifier` and `PPO, verifier`."""
    heads, tails = zip(*((label.partition(", ")[0], label.partition(", ")[2]) for label in pair), strict=True)
    return heads if tails[0] == tails[1] and heads[0] != heads[1] else pair


def _difference(f: Finding, names: tuple[str, str], e: Estimate) -> str:
    a, b = names
    show = numbers.points if f.unit == "points" else numbers.change
    exact = f"{a} less {b} is {numbers.with_interval(e, show, f.unit)}"
    if f.conclusion == "supported" and f.holds and all(map(isfinite, f.holds)):
        within = f"{show(f.holds[1]).lstrip('+')} {f.unit}".strip()
        return f"{a} and {b} end equal, within {within}: {exact}"
    above = _ahead(e, 0.0)
    if above is None:
        return f"neither {a} nor {b} is shown to be ahead: {exact}"
    return f"{a if above else b} is ahead of {b if above else a}: {exact}"


def _ratio(study: Study, f: Finding, names: tuple[str, str], e: Estimate) -> str:
    above, (what, when) = _ahead(e, 1.0), _what(study, f)
    if above is None:
        return f"neither {names[0]} nor {names[1]} is shown to take more {what} {when}: ratio {numbers.ratio(e)}"
    high, low = names if above else names[::-1]
    if f.question == "memory":
        return f"{low} has a {what} {numbers.compared(_inverse(e) if above else e)} than {high}"
    return f"{high} takes {numbers.compared(e if above else _inverse(e))} the {what} of {low} {when}".rstrip()


def _measures(study: Study, f: Finding) -> dict[str, str]:
    """By id of a hypothesis; none for a descriptive finding."""
    return {h.id: h.measure for h in study.manifest.hypotheses} if f.primary else {}


def _what(study: Study, f: Finding) -> tuple[str, str]:
    """What a ratio is of, and when."""
    measures = _measures(study, f)
    target = f"to pass@1 of {numbers.plain(TARGET)}"
    words = {
        "step_seconds": ("seconds", "a step"),
        "peak_bytes": ("measured peak", ""),
        "state_bytes": ("states", ""),
        "comm_bytes": ("bytes sent", "a step"),
        "communication": ("bytes sent", "a step"),
        "length": ("tokens", "a completion"),
        "wrong_length": ("tokens", "a wrong completion"),
        "target_seconds": ("seconds", target),
        "target_samples": ("samples", target),
        "target_flops": ("FLOPs", target),
        "time": ("seconds", "a step"),
        "memory": ("measured peak", ""),
        "budget": (f.id.split(".")[-1], target),
    }
    name = str(measures.get(f.id, f.id.split(".")[0]))
    return words.get(name, (name, ""))


def _ahead(e: Estimate, level: float) -> bool | None:
    """Whether A is above; None where the interval does not say."""
    if e.low is None or e.high is None or e.low <= level <= e.high:
        return None
    return e.low > level


def _inverse(e: Estimate) -> Estimate:
    low, high = (None if v is None else (1 / v if v else inf) for v in (e.high, e.low))
    return Estimate(1 / e.value if e.value else inf, low, high, e.n, e.method)


def _scope(study: Study) -> str:
    """Model, tasks, seeds, base models, hardware, and how much of the plan was finished."""
    parts = study.parts("learning") or study.manifest.parts
    cells = [c for part in parts for c in study.cells(part)]
    runs = [r for c in cells for r in c.runs]
    seeds = sorted({len(part.seeds) for part in parts})
    text = [
        f"Model {_values(_model(c) for c in cells)}",
        f"task {_values(show(setting(c, 'task', 'name')) for c in cells)}",
        f"{' or '.join(map(str, seeds))} {'seed' if seeds == [1] else 'seeds'} a cell",
    ]
    if bases := {_base(r) for r in runs if r.config}:
        text.append(numbers.count(len(bases), "base model") + (" a task" if len(bases) > 1 else ""))
    if machine := _machine(study):
        text.append(machine)
    done = f"{sum(r.finished for r in study.runs)} of {numbers.count(len(study.runs), 'planned run')} finished"
    return f"{', '.join(text)}; {done}."


def _model(cell: Cell) -> str:
    name, actor = show(setting(cell, "model", "name")), cell.roles.get("actor")
    return f"{name} ({actor.parameters / 1e6:.2f} M parameters)" if actor else name


def _base(run: Run) -> str:
    warm_start = run.config.get("warm_start")
    return show(warm_start.get("seed")) if isinstance(warm_start, dict) else ""


def _values(found: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(v for v in found if v and v != "none")) or "not recorded"


def _machine(study: Study) -> str:
    environment = next((r.environment for r in study.runs if r.environment), {})
    gpus, cpu = (FIELDS[name](environment) for name in ("GPUs", "CPU"))
    threads = environment.get("threads")
    device = show(gpus) if gpus else show(cpu)
    return f"on {device}, {numbers.count(int(threads), 'thread')}" if environment and threads else ""


def _unknown(found: Sequence[Finding]) -> tuple[str, ...]:
    """Hypotheses that were not decided, or without any the descriptive findings that were not; then the untested."""
    primary = [f for f in found if f.primary]
    told = [f.sentence for f in primary if f.conclusion in _UNDECIDED]
    if not primary:
        for question in get_args(Question):
            claims = [f.claim for f in found if f.question == question and f.conclusion in _UNDECIDED]
            listed = "; ".join(claim.rstrip(".") for claim in dict.fromkeys(claims))
            told += [f"Not decided about {question}: {listed}."] if listed else []
    untested = [f.claim.rstrip(".") for f in unique_untested(found)]
    return (*told, *([f"Not tested: {'; '.join(untested)}."] if untested else []))
