"""Figures and tables are sorted into the parts of the study here, and in each part into topics.

A figure or a table names its topic as its section.  One that names a topic which is not in TOPICS is shown all the
same, behind the others; a figure of no part is in a section behind the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.figures.draw import Drawn, slug
from rlvr_bench.reports.load import Cell, Study
from rlvr_bench.reports.measures.cell_numbers import cell_numbers
from rlvr_bench.reports.page import methods
from rlvr_bench.reports.page.comparison_table import endings_table
from rlvr_bench.reports.page.costs.memory_table import EXPECTED_IN_WORDS, memory_source
from rlvr_bench.reports.page.links import Names
from rlvr_bench.reports.page.table import Table
from rlvr_bench.reports.page.tables import Made


@dataclass(frozen=True, kw_only=True)
class TopicKind:
    """What a part can be looked at for."""

    id: str
    title: str
    intro: str = ""  # said once, where the topic is first met
    remarks: Callable[[Sequence[Cell]], tuple[str, ...]] = lambda cells: ()  # below the tables, from the records
    closing: tuple[str, ...] = ()  # below the remarks, once


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic of one part with what it shows."""

    id: str
    title: str
    intro: str
    figures: tuple[Drawn, ...]
    tables: tuple[Made, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the study."""

    id: str
    title: str
    topics: tuple[Topic, ...]
    alert: Table | None  # runs that did not complete


def _flags(cells: Sequence[Cell]) -> tuple[str, ...]:
    return tuple(f"Flag, not a collapse: {one_line(c.label)}: {f}." for c in cell_numbers(cells) for f in c.flags)


def _memory_source(cells: Sequence[Cell]) -> tuple[str, ...]:
    return (memory_source(cells),) if any(c.roles for c in cells) else ()


TOPICS: tuple[TopicKind, ...] = (
    TopicKind(id="cells", title="The cells side by side", remarks=_flags),
    TopicKind(id="instruments", title="Could the cells be told apart?"),
    TopicKind(id="learning", title="Learning curves and stability"),
    TopicKind(id="lengths", title="Length and self-checks"),
    TopicKind(id="baselines", title="Baselines and the critic"),
    TopicKind(id="tuning", title="Tuning"),
    TopicKind(id="rewards", title="Rewards that are not the verifier", intro=methods.WHY_AGREEMENT_IS_NO_EVIDENCE),
    TopicKind(
        id="memory",
        title="Memory",
        remarks=_memory_source,
        closing=(EXPECTED_IN_WORDS, methods.WHY_PEAKS_DIFFER),
    ),
    TopicKind(id="communication", title="Communication", intro=methods.WHAT_IS_COUNTED_AS_SENT),
    TopicKind(id="time", title="Time by phase"),
)


def sections(study: Study, drawn: Sequence[Drawn], made: Sequence[Made], names: Names) -> tuple[Section, ...]:
    """One a part in the order of the manifest, and one for the figures of no part if there are any.

    Args:
        drawn: the figures, without those that stand elsewhere on the page.
    """
    endings = endings_table(study)
    parts = {part.name: part for part in study.manifest.parts}
    found, met = [], set[str]()
    for part in parts.values():
        mine = [d for d in drawn if d.part == part.name]
        topics = _topics(mine, [m for m in made if m.part.name == part.name], study.cells(part), part, met, names)
        lost = tuple(row for row in endings.rows if row[0] == part.name)
        alert = replace(endings, title=f"{endings.title}: {one_line(part.title)}", rows=lost) if lost else None
        identifier = names.unique(f"part-{slug(part.name)}")
        found.append(Section(id=identifier, title=one_line(part.title), topics=topics, alert=alert))
    if others := [d for d in drawn if d.part not in parts]:
        topics = _topics(others, [], (), None, met, names)
        found.append(Section(id=names.unique("part-"), title="The whole study", topics=topics, alert=None))
    return tuple(found)


def _topics(
    drawn: Sequence[Drawn],
    made: Sequence[Made],
    cells: Sequence[Cell],
    part: PartInfo | None,
    met: set[str],
    names: Names,
) -> tuple[Topic, ...]:
    """Those that have a figure or a table; `met` are the topics that an earlier part had."""
    found = []
    for kind in _kinds([d.section for d in drawn] + [m.kind.section for m in made]):
        figures = tuple(d for d in drawn if d.section == kind.id)
        tables = tuple(m for m in made if m.kind.section == kind.id)
        first = kind.id not in met
        met.add(kind.id)
        found.append(
            Topic(
                id=names.unique(f"part-{slug(part.name) if part else ''}-{slug(kind.id)}"),
                title=kind.title,
                intro=kind.intro if first else "",
                figures=figures,
                tables=tables,
                remarks=(*kind.remarks(cells), *(kind.closing if first else ())),
            )
        )
    return tuple(found)


def _kinds(named: Iterable[str]) -> list[TopicKind]:
    """Of the topics that something is shown of: the listed ones in their order, the others as they come."""
    wanted = dict.fromkeys(named)
    listed = [kind for kind in TOPICS if kind.id in wanted]
    others = [name for name in wanted if name not in {kind.id for kind in TOPICS}]
    return listed + [TopicKind(id=name, title=name.capitalize()) for name in others]
