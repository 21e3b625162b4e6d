"""The top of the page is written here: what was run, and one sentence for each claim that matters most.

Every number comes from a finding.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.reports import numbers
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.load import Study
from rlvr_bench.reports.page import methods

# Claims at the top, in this order; the table of findings has the rest.
TOP_LEARNING = (
    "accuracy.final", "reward.hacked", "reward.cost", "reward.labels", "reward.algorithm", "reward.random",
)  # fmt: skip
TOP_COSTS = ("memory.states.four-model", "memory.peak.four-model", "memory.peak.matched", "time.step.matched")


def summary(study: Study, findings: Sequence[Finding]) -> str:
    """What was run and what came of it, in counts."""
    done = sum(r.finished for r in study.runs)
    seeds = sorted({len(p.seeds) for p in study.manifest.parts})
    text = [f"{done} of {numbers.count(len(study.runs), 'planned run')} finished."]
    if not done:
        return text[0] + " There is nothing to compare."
    if seeds:
        each = " or ".join(map(str, seeds))
        text.append(f"Each cell has {each} seed{'' if each == '1' else 's'} planned.")
    counts = {c: sum(f.conclusion == c for f in findings) for c in ("supported", "refuted", "inconclusive")}
    if any(counts.values()):
        counted = ", ".join(f"{n} {conclusion}" for conclusion, n in counts.items())
        text.append(f"Of the claims that these runs can speak to, {counted}.")
    return " ".join(text)


def headlines(study: Study, findings: Sequence[Finding]) -> tuple[str, ...]:
    """One sentence for each claim that matters most.

    Costs are left out where no part was made to measure them.
    """
    with_sentence = [f for f in findings if f.tested and f.sentence]
    learned = any(f.id in TOP_LEARNING for f in with_sentence)
    wanted = [*TOP_LEARNING, *(TOP_COSTS if study.parts("systems") or not learned else ())]
    chosen = [f for identifier in wanted for f in with_sentence if f.id == identifier] or with_sentence
    groups: dict[tuple[str, str], list[Finding]] = {}
    for f in chosen:
        groups.setdefault((f.id, f.sentence.split(": ")[0]), []).append(f)
    return tuple(_headline(identifier, stem, found) for (identifier, stem), found in groups.items())


def _headline(identifier: str, stem: str, found: Sequence[Finding]) -> str:
    """One claim; what several cells say of it follows the words that they share."""
    parts = len({f.part for f in found}) > 1
    ends = [", ".join([f.part] * parts + [f.conclusion] + ([f.n] if f.n != "exact" else [])) for f in found]
    if len(found) == 1:
        return f"{found[0].sentence[:-1]} (claim {identifier}: {ends[0]})."
    items = [f.sentence[len(stem) + 2 : -1] for f in found]
    return f"{stem}: {'; '.join(f'{i} ({e})' for i, e in zip(items, ends, strict=True))} (claim {identifier})."


def seeds_remark(study: Study) -> str:
    """What the smallest number of seeds of any part can and cannot say."""
    return methods.seeds_remark(min((len(p.seeds) for p in study.manifest.parts if p.seeds), default=0))
