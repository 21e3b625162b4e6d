"""What the page says, as plain values; the templates only lay it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.environments import FIELDS, show
from rlvr_bench.reports.cells.fairness import Fairness, compare
from rlvr_bench.reports.claims.verdict import Verdict
from rlvr_bench.reports.escape import one_line, printable
from rlvr_bench.reports.load import Cell, Run, Study
from rlvr_bench.reports.measures.comparison import comparison
from rlvr_bench.reports.measures.runs import ALLOCATOR, DEVICE, memory_layer
from rlvr_bench.reports.page.tables import Table

LAYER_WORDS = {
    ("nvml", DEVICE): "NVML, sampled in the background",
    ("rss", DEVICE): "resident set size of the process, sampled in the background",
    ("cuda", ALLOCATOR): "peak of PyTorch's CUDA allocator",
}


@dataclass(frozen=True)
class Sample:
    """One completion as the page shows it; all texts untrusted."""

    where: str
    prompt: str
    completion: str
    target: str
    verdict: str


# What stands at the top, in this order; the table below it has the rest.
HEADLINES = (
    ("accuracy", "f.hacked", "f.cost", "f.labels", "f.algorithm", "f.random"),
    ("b.states.four", "b.peak.four", "b.peak.matched", "time.matched"),
)


def summary(study: Study, verdicts: Sequence[Verdict]) -> str:
    """What was run and what came of it, in counts."""
    done = sum(r.finished for r in study.runs)
    seeds = sorted({len(p.seeds) for p in study.manifest.parts})
    text = [f"{done} of {numbers.count(len(study.runs), 'planned run')} finished."]
    if not done:
        return text[0] + " There is nothing to compare."
    if seeds:
        each = " or ".join(map(str, seeds))
        text.append(f"Each cell has {each} seed{'' if each == '1' else 's'} planned.")
    counts = {o: sum(v.outcome == o for v in verdicts) for o in ("supported", "refuted", "inconclusive")}
    if any(counts.values()):
        text.append(
            "Of the claims that these runs can speak to, " + ", ".join(f"{n} {o}" for o, n in counts.items()) + "."
        )
    return " ".join(text)


def headlines(study: Study, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """One sentence for each claim that matters most, every number from a verdict.

    Costs are left out where no part was made to measure them.
    """
    told = [v for v in verdicts if v.outcome != "not tested" and v.sentence]
    learning, costs = HEADLINES
    wanted = [*learning, *(costs if study.parts("systems") or not any(v.id in learning for v in told) else ())]
    said = [v for headline in wanted for v in told if v.id == headline] or told
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for v in said:
        groups.setdefault((v.id, v.sentence.split(": ")[0]), []).append(v)
    return tuple(_headline(identifier, stem, found) for (identifier, stem), found in groups.items())


def _headline(identifier: str, stem: str, found: Sequence[Verdict]) -> str:
    """One claim; what several cells say of it stands behind the words that they share."""
    parts = len({v.part for v in found}) > 1
    ends = [", ".join([v.part] * parts + [v.outcome] + ([v.n] if v.n != "exact" else [])) for v in found]
    if len(found) == 1:
        return f"{found[0].sentence[:-1]} (claim {identifier}: {ends[0]})."
    items = [v.sentence[len(stem) + 2 : -1] for v in found]
    return f"{stem}: {'; '.join(f'{i} ({e})' for i, e in zip(items, ends, strict=True))} (claim {identifier})."


def seeds_remark(study: Study) -> str:
    """What so few seeds can and cannot say; empty where there are enough."""
    fewest = min((len(p.seeds) for p in study.manifest.parts if p.seeds), default=0)
    if fewest == 0 or fewest >= 10:
        return ""
    words = {1: "one seed", 2: "two seeds", 3: "three seeds"}.get(fewest, f"{fewest} seeds")
    if fewest == 1:
        return "n = 1 is one seed: a single run has no interval, so nothing that varies over runs can be decided by it."
    return (
        f"n = {fewest} is {words}, no more. Intervals are t intervals over seeds (of logarithms for ratios), because a "
        f"bootstrap over so few values is too narrow; they are wide, and most differences in accuracy and stability "
        f"will be inconclusive. Effects of one standard deviation need about 10 paired seeds."
    )


def memory_table(cells: Sequence[Cell]) -> Table:
    """Expected and exact bytes by cell and role."""
    rows = []
    for cell, row in zip(cells, comparison(cells), strict=True):
        if not cell.roles:
            continue
        expected = row.expected_per_parameter
        for role, s in sorted(cell.roles.items()):
            kind = "trained" if s.trained else "frozen"
            sizes = (s.weights, s.gradients, s.optimizer, s.buffers, s.total)
            rows.append(
                (one_line(cell.label), f"{role} ({kind})", f"{s.parameters:,}", *map(numbers.size, sizes), "", "")
            )
        rows.append(
            (one_line(cell.label), "all", "", "", "", "", "", numbers.size(row.states or 0),
             numbers.ABSENT if expected is None else str(expected),
             numbers.ABSENT if row.states_per_parameter is None else f"{row.states_per_parameter:.2f}")
        )  # fmt: skip
    columns = ("cell", "model", "parameters", "weights", "gradients", "optimiser", "buffers", "all states")
    return Table("State bytes, exact", (*columns, "expected B/param", "found B/param"), tuple(rows))


def memory_source(cells: Sequence[Cell]) -> str:
    """Which layer measured the peaks, or why none did."""
    layer = memory_layer(tuple(cells))
    sources = [r.summary.memory for c in cells for r in c.runs if r.summary and r.summary.memory]
    if not sources:
        return "No source of memory measurements was recorded."
    if layer is None:
        return one_line(
            f"No measured peaks: {sources[0].device_reason or sources[0].allocator_reason or 'none recorded'}."
        )
    kind = sources[0].device if layer == DEVICE else sources[0].allocator
    return f"Measured by {LAYER_WORDS.get((kind or '', layer), layer)}, after warm-up."


def samples(cells: Sequence[Cell], each: int = 2, limit: int = 600) -> tuple[tuple[str, tuple[Sample, ...]], ...]:
    """Per cell the first completions of the first and of the last recorded step of its first seed that has any."""
    found = []
    for cell in cells:
        run = next((r for r in cell.runs if r.completions), None)
        if run is None:
            continue
        steps = list(dict.fromkeys(row.get("step") for row in run.completions))
        rows = [row for step in steps for row in [r for r in run.completions if r.get("step") == step][:each]]
        found.append((cell.label, tuple(_sample(run, row, limit) for row in rows)))
    return tuple(found)


def _sample(run: Run, row: Any, limit: int) -> Sample:
    verdict = [f"reward {row.get('reward')}", f"outcome {row.get('outcome')}"]
    verdict += [f"proxy {row[k]:.3f}" for k in ("proxy_reward",) if isinstance(row.get(k), float)]
    verdict += [str(row["detail"])] if row.get("detail") else []
    return Sample(
        f"seed {run.seed}, step {row.get('step')}" + (", held-out item" if row.get("held_out") else ""),
        printable(str(row.get("prompt", "")), limit),
        printable(str(row.get("completion", "")), limit),
        one_line(str(row.get("target", "")), 200),
        one_line(", ".join(verdict), 300),
    )


def endings(study: Study) -> Table:
    """Every run that is not a plain success, with the reason."""
    label = {c.name: c.label for c in study.manifest.cells}
    rows = tuple(
        (r.part, one_line(label.get(r.cell, r.cell)), str(r.seed), r.state, one_line(r.reason, 400) or "none given")
        for r in study.runs
        if r.state != "completed"
    )  # fmt: skip
    return Table("Runs that did not complete", ("part", "cell", "seed", "status", "reason"), rows)


def environment_rows(study: Study, part: PartInfo) -> tuple[tuple[str, str], ...]:
    """Field and value of the first recorded environment of a part, which the others equal or are listed against."""
    environment = next((r.environment for r in study.runs if r.part == part.name and r.environment), {})
    memory = environment.get("memory_bytes")
    rows = [(name, one_line(show(get(environment)))) for name, get in FIELDS.items() if name != "GPU identifiers"]
    if isinstance(memory, (int, float)):
        rows.append(("memory", numbers.size(memory)))
    codes = sorted({show(r.environment.get("git")) for r in study.runs if r.part == part.name and r.environment})
    rows.append(("code", one_line(", ".join(codes))))
    return tuple(rows) if environment else (("environment", "not recorded"),)


def fairness(study: Study, part: PartInfo) -> tuple[Fairness, tuple[tuple[str, str], ...]]:
    """The diff of the configurations, and what the records say about equality besides."""
    cells = study.cells(part)
    found = compare(cells)
    seeds = {tuple(r.seed for r in c.runs) for c in cells}
    start = {None: "not recorded", True: "equal for every seed", False: "NOT equal"}[found.paired_start]
    facts = [("seeds", "equal: " + show(list(next(iter(seeds)))) if len(seeds) == 1 else "NOT equal")]
    if part.kind == "learning":
        facts.append(("pass@1 before training, per seed", start))
    sizes = {c.roles["actor"].parameters for c in cells if "actor" in c.roles}
    if sizes:
        facts.append(("parameters of the actor", f"equal: {sizes.pop():,}" if len(sizes) == 1 else "NOT equal"))
    return found, tuple(facts)
