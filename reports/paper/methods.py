"""The text of methods: how a study was done, in sentences whose every number comes from its records.

What the records do not say is left out, never guessed.  Values that differ between parts have the parts' names behind
them, which the first paragraph introduces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rlvr_bench.harness.records import Hypothesis, PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.environments import show
from rlvr_bench.reports.cells.matching import roles, setting, source
from rlvr_bench.reports.claims.primary.nested import label
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell, Study
from rlvr_bench.reports.measures.bases import base_lines
from rlvr_bench.reports.page.methods import METHODS
from rlvr_bench.reports.paper.arms import Arm, arms
from rlvr_bench.reports.paper.machine_text import machines, reproduction, time_taken
from rlvr_bench.reports.stats import ALPHA
from rlvr_bench.reports.stats.hierarchical import FEW_BASES

TESTS = {"greater": "exceeds", "less": "lies below", "equivalent": "is equivalent within"}


@dataclass(frozen=True)
class Paragraph:
    """One paragraph of the section on methods."""

    title: str
    text: str
    items: tuple[str, ...] = ()  # a list behind it


def paragraphs(study: Study) -> tuple[Paragraph, ...]:
    """In the order of a paper; those for which nothing was recorded are left out."""
    made = (
        ("Design", _design(study)),
        ("Models", _models(study)),
        ("Tasks and rewards", _tasks(study)),
        ("Training", _training(study)),
        ("Evaluation", _evaluation(study)),
        ("Hypotheses", _hypotheses(study)),
        ("Statistics", _statistics(study)),
        ("Hardware and software", machines(study)),
        ("Run time", time_taken(study)),
        ("Reproduction", reproduction(study)),
    )
    items = {"Hypotheses": tuple(_hypothesis(h) for h in study.manifest.hypotheses)}
    return tuple(
        Paragraph(title, " ".join(filter(None, sentences)), items.get(title, ()))
        for title, sentences in made
        if any(sentences)
    )


def by_part(study: Study, of: Callable[[PartInfo, Sequence[Arm]], str], parts: Iterable[PartInfo] = ()) -> str:
    """One text where all parts agree, else each with the names of the parts that have it."""
    found: dict[str, list[str]] = {}
    everything = arms(study)
    for part in parts or study.manifest.parts:
        text = of(part, [arm for arm in everything if arm.part.name == part.name])
        if text:
            found.setdefault(text, []).append(one_line(part.name))
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(f"{text} ({', '.join(names)})" for text, names in found.items())


def values(arms_of_part: Sequence[Arm], *path: str) -> str:
    """A setting over the cells of a part: "60", or "60 or 36"; empty where none has it."""
    found = {show(v): None for arm in arms_of_part for c in arm.cells if (v := setting(c, *path)) is not None}
    return " or ".join(one_line(text) for text in found)


def quoted(labels: Iterable[str]) -> str:
    """Labels have commas of their own."""
    return ", ".join(f"“{text}”" for text in labels)


def _design(study: Study) -> list[str]:
    manifest, cells = study.manifest, {c.name for part in study.manifest.parts for c in study.cells(part)}
    parts = "; ".join(
        f"{one_line(p.name)}: {one_line(p.title)} ({numbers.count(len(p.seeds), 'seed')})" for p in manifest.parts
    )
    text = [
        f"The study {one_line(manifest.name)} has {numbers.count(len(cells), 'configuration')} (cells) in "
        f"{numbers.count(len(manifest.parts), 'part')}. {parts}.",
        "Within a part every cell is run with the same seeds, and runs of one seed are compared as pairs."
        if any(len(p.seeds) > 1 for p in manifest.parts)
        else "",
    ]
    bases = by_part(study, lambda part, _: str(n) if (n := len(_bases(study, part))) > 1 else "")
    return [*text, f"Seeds are dealt in turn to several base models: {bases}." if bases else ""]


def _bases(study: Study, part: PartInfo) -> set[object]:
    return {label(run).base for cell in study.cells(part) for run in cell.runs if run.config}


def _models(study: Study) -> list[str]:
    def model(part: PartInfo, mine: Sequence[Arm]) -> str:
        names = values(mine, "model", "name")
        sizes = sorted({a.roles["actor"].parameters for arm in mine for a in arm.cells if "actor" in a.roles})
        size = f" with {' or '.join(f'{n:,}' for n in sizes)} parameters" if sizes else ""
        return f"{names}{size}, {values(mine, 'model', 'dtype')}" if names else ""

    def start(part: PartInfo, mine: Sequence[Arm]) -> str:
        steps = values(mine, "warm_start", "steps")
        if steps in ("", "0"):
            return ""
        bad = [
            f"{name} {v}" for name in ("noise", "habit") if (v := values(mine, "warm_start", name)) not in ("", "0.0")
        ]
        return ", ".join([f"{steps} steps of {values(mine, 'warm_start', 'batch')} demonstrations", *bad])

    warm, named = by_part(study, start), by_part(study, model)
    room = by_part(study, lambda part, _: _room(study, part))
    kept: dict[str, dict[str, None]] = {}
    for arm in arms(study):
        if held := ", ".join(sorted(roles(arm.cells[0]))):
            kept.setdefault(held, {})[arm.label] = None
    told = "; ".join(f"{held}: {quoted(labels)}" for held, labels in kept.items())
    return [
        f"Model: {named}." if named else "",
        f"Base models were made by supervised training: {warm}." if warm else "",
        f"Greedy accuracy of the base models on held-out items, before any reinforcement: {room}." if room else "",
        f"Models held in a run: {told}." if told else "",
    ]


def _room(study: Study, part: PartInfo) -> str:
    lines = base_lines(study, part)
    if lines is None:
        return ""
    top = "" if lines.ceiling is None else f", {numbers.share(lines.ceiling)} after right demonstrations only"
    return f"{numbers.share(lines.greedy)}{top}, mean of {lines.models} on {numbers.count(lines.items, 'item')}"


def _tasks(study: Study) -> list[str]:
    rewards: dict[str, dict[str, None]] = {}
    for arm in arms(study):
        for cell in arm.cells:
            rewards.setdefault(_reward(cell), {})[arm.label] = None
    told = "; ".join(f"{kind}: {quoted(labels)}" for kind, labels in rewards.items())
    tasks = by_part(study, lambda part, mine: values(mine, "task", "name"))
    return [f"Task: {tasks}." if tasks else "", f"Reward: {told}." if told else ""]


def _reward(cell: Cell) -> str:
    kind = source(cell)
    if kind not in ("learned", "both"):
        return {"verifier": "the verifier's verdict", "random": "a fair coin"}.get(kind, kind)
    facts = [run.summary.reward_model for run in cell.runs if run.summary and run.summary.reward_model]
    pairs = sorted({int(f["pairs"]) for f in facts if isinstance(f.get("pairs"), int)})
    labels = f" trained on {' or '.join(f'{n:,}' for n in pairs)} pairs of labels" if pairs else ""
    return f"a learned reward model{labels}" + (" and the verifier's verdict" if kind == "both" else "")


def _training(study: Study) -> list[str]:
    def rollout(part: PartInfo, mine: Sequence[Arm]) -> str:
        prompts, group = values(mine, "rollout", "prompts"), values(mine, "rollout", "group_size")
        return f"{values(mine, 'train', 'steps')} steps of {prompts} prompts x {group} completions" if prompts else ""

    def length(part: PartInfo, mine: Sequence[Arm]) -> str:
        return values(mine, "rollout", "max_tokens")

    def updates(part: PartInfo, mine: Sequence[Arm]) -> str:
        epochs, minibatches = values(mine, "train", "epochs"), values(mine, "train", "minibatches")
        return f"{epochs} x {minibatches}" if epochs and minibatches else ""

    pretrained = by_part(study, lambda part, mine: ", ".join(filter(None, map(_pretrained, mine))))
    lengths, steps, per_rollout = by_part(study, length), by_part(study, rollout), by_part(study, updates)
    return [
        f"A run takes {steps}." if steps else "",
        f"Completions have at most so many tokens: {lengths}." if lengths else "",
        f"Optimizer steps of each rollout, epochs x minibatches: {per_rollout}." if per_rollout else "",
        f"Critics were pretrained on so many completions of the base model, which are in no budget: {pretrained}."
        if pretrained
        else "",
        "All settings are in the tables.",
    ]


def _pretrained(arm: Arm) -> str:
    found = {run.summary.critic.get("completions") for run in arm.runs if run.summary}
    known = sorted(n for n in found if isinstance(n, int))
    return f"“{arm.label}” {' or '.join(f'{n:,}' for n in known)}" if known else ""


def _evaluation(study: Study) -> list[str]:
    learning = [part for part in study.manifest.parts if part.kind != "systems"]
    if not learning:
        return []

    def items(part: PartInfo, mine: Sequence[Arm]) -> str:
        every, last, split, samples = (
            values(mine, "evaluate", k) for k in ("every", "final_items", "split", "samples")
        )
        final = f", {last} at the end" if last not in ("", "0") else ""
        return (
            f"every {every} steps on {values(mine, 'evaluate', 'items')} items of the split {split or 'test'}{final}, "
            f"{samples} completions each"
        )

    return [f"Runs are evaluated {by_part(study, items, learning)}."]


def _hypotheses(study: Study) -> list[str]:
    named = study.manifest.hypotheses
    if not named:
        return ["No hypothesis was named before the runs; every finding is descriptive."]
    count = f"{len(named)} {'hypothesis was' if len(named) == 1 else 'hypotheses were'}"
    return [f"{count} written down before the runs, with margins and numbers of pairs:"]


def _hypothesis(h: Hypothesis) -> str:
    return f"{h.id} ({one_line(h.part)}): {one_line(h.text).rstrip('.')}. Judged: {_rule(h)}."


def _rule(h: Hypothesis) -> str:
    measure = h.measure.replace("_", " ")
    effect = f"{h.cells[0]} less {h.cells[1]}" if h.scale == "difference" else f"{h.cells[0]} over {h.cells[1]}"
    shown = numbers.plain(h.margin)
    threshold = f"-{shown}" if h.test == "less" and h.scale == "difference" and h.margin else shown
    return f"{measure} of {effect} {TESTS[h.test]} {threshold}, {numbers.count(h.n, 'pair')} planned"


def _statistics(study: Study) -> list[str]:
    named = study.manifest.hypotheses
    text = list(METHODS)
    if any(h.test == "equivalent" for h in named) or not named:
        text.append(f"Equivalence is judged by two one-sided t tests (TOST), each at {numbers.plain(ALPHA)}.")
    if len(named) > 1:
        text.append(f"Holm's correction runs over the {len(named)} hypotheses alone.")
    most = max((len(_bases(study, part)) for part in study.manifest.parts), default=0)
    if most > 1:
        kind = (
            f"Student's interval of the base models' means, since a hierarchical bootstrap over fewer than {FEW_BASES} "
            "base models is too narrow"
            if most < FEW_BASES
            else "a hierarchical bootstrap over base models, reward models and runs"
        )
        text.append(f"Where runs come from several base models, the interval over base models is {kind}.")
    return text
