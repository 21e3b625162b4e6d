"""What was equal in a part and what was not is put into words here: its environment, seeds and configurations."""

from __future__ import annotations

from dataclasses import dataclass

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.environments import FIELDS, show
from rlvr_bench.reports.cells.fairness import Fairness, compare
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Study

STATED = ("model.dtype", "compute.autocast", "compute.share")  # equal or not, a reader of seconds and bytes needs them


@dataclass(frozen=True, kw_only=True)
class Equality:
    """One part as the page shows it."""

    title: str
    environment: tuple[tuple[str, str], ...]  # (field, value) of the first run that recorded one
    facts: tuple[tuple[str, str], ...]  # what the records say about equality besides the configurations
    settings: Fairness


def equality(study: Study, part: PartInfo) -> Equality:
    """Of one part."""
    settings = compare(study.cells(part))
    return Equality(
        title=one_line(part.title),
        environment=_environment(study, part),
        facts=_facts(study, part, settings),
        settings=settings,
    )


def _environment(study: Study, part: PartInfo) -> tuple[tuple[str, str], ...]:
    environment = next((r.environment for r in study.runs if r.part == part.name and r.environment), {})
    memory = environment.get("memory_bytes")
    rows = [(name, one_line(show(get(environment)))) for name, get in FIELDS.items() if name != "GPU identifiers"]
    if isinstance(memory, (int, float)):
        rows.append(("memory", numbers.size(memory)))
    codes = sorted({show(r.environment.get("git")) for r in study.runs if r.part == part.name and r.environment})
    rows.append(("code", one_line(", ".join(codes))))
    return tuple(rows) if environment else (("environment", "not recorded"),)


def _facts(study: Study, part: PartInfo, settings: Fairness) -> tuple[tuple[str, str], ...]:
    cells = study.cells(part)
    seeds = {tuple(r.seed for r in c.runs) for c in cells}
    start = {None: "not recorded", True: "equal for every seed", False: "NOT equal"}[settings.paired_start]
    facts = [("seeds", "equal: " + show(list(next(iter(seeds)))) if len(seeds) == 1 else "NOT equal")]
    if part.kind == "learning":
        facts.append(("pass@1 before training, per seed", start))
    sizes = {c.roles["actor"].parameters for c in cells if "actor" in c.roles}
    if sizes:
        facts.append(("parameters of the actor", f"equal: {sizes.pop():,}" if len(sizes) == 1 else "NOT equal"))
    stated = [f"{key} = {value}" for key, value in settings.equal if key in STATED]
    if stated:
        facts.append(("arithmetic", "equal: " + ", ".join(stated)))
    return tuple(facts)
