"""Figures and tables are sorted into the sections of the page here.

A figure or a table names its section.  One that names a section which is not in SECTIONS is shown all the same, in a
section of its own behind the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.figures.draw import Drawn
from rlvr_bench.reports.load import Study
from rlvr_bench.reports.measures.cell_numbers import cell_numbers
from rlvr_bench.reports.page import methods, tables
from rlvr_bench.reports.page.comparison_table import endings_table
from rlvr_bench.reports.page.memory_table import EXPECTED_IN_WORDS, memory_source
from rlvr_bench.reports.page.table import Table


@dataclass(frozen=True, kw_only=True)
class SectionKind:
    """A section that a page can have."""

    id: str
    title: str
    short: str  # for the navigation
    intro: str = ""
    remarks: Callable[[Study], tuple[str, ...]] = lambda study: ()  # below the tables, from the records
    closing: tuple[str, ...] = ()  # below the remarks
    empty: str = ""  # said where there is neither figure nor table; without it such a section is left out
    alert: Callable[[Study], Table] | None = None  # shown as a warning if it has rows


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section with what it shows."""

    id: str
    title: str
    short: str
    paragraphs: tuple[str, ...]
    figures: tuple[Drawn, ...]
    tables: tuple[Table, ...]
    remarks: tuple[str, ...]
    alert: Table | None


def _flags(study: Study) -> tuple[str, ...]:
    found = [c for part in study.manifest.parts for c in cell_numbers(study.cells(part))]
    return tuple(f"Flag, not a collapse: {one_line(c.label)}: {flag}." for c in found for flag in c.flags)


def _memory_sources(study: Study) -> tuple[str, ...]:
    parts = [(part, study.cells(part)) for part in study.manifest.parts]
    return tuple(
        f"{one_line(part.title)}: {memory_source(cells)}" for part, cells in parts if any(c.roles for c in cells)
    )


SECTIONS: tuple[SectionKind, ...] = (
    SectionKind(
        id="cells",
        title="The cells side by side",
        short="Numbers",
        remarks=_flags,
        closing=("Tables as LaTeX and CSV: tables/.",),
        empty="Nothing was planned.",
        alert=endings_table,
    ),
    SectionKind(
        id="learning",
        title="Learning curves and stability",
        short="Learning",
        empty="This study has no learning curves.",
    ),
    SectionKind(
        id="rewards",
        title="Rewards that are not the verifier",
        short="Rewards",
        intro=methods.WHY_AGREEMENT_IS_NO_EVIDENCE,
    ),
    SectionKind(
        id="memory",
        title="Memory",
        short="Memory",
        remarks=_memory_sources,
        closing=(EXPECTED_IN_WORDS, methods.WHY_PEAKS_DIFFER),
        empty="No bytes were recorded.",
    ),
    SectionKind(id="time", title="Time by phase", short="Time", empty="No step was timed."),
)


def sections(study: Study, drawn: Sequence[Drawn]) -> tuple[Section, ...]:
    """The sections that have something to show, in the order of the page."""
    made = [(kind.section, table) for kind in tables.TABLES for _, table in kind.titled(study)]
    named = dict.fromkeys([d.section for d in drawn] + [section for section, _ in made])
    listed = {kind.id for kind in SECTIONS}
    others = [SectionKind(id=name, title=name.capitalize(), short=name.capitalize()) for name in named]
    found = []
    for kind in (*SECTIONS, *(k for k in others if k.id not in listed)):
        figures = tuple(d for d in drawn if d.section == kind.id)
        shown = tuple(table for section, table in made if section == kind.id)
        if figures or shown or kind.empty:
            found.append(_section(study, kind, figures, shown))
    return tuple(found)


def _section(study: Study, kind: SectionKind, figures: tuple[Drawn, ...], shown: tuple[Table, ...]) -> Section:
    first = kind.intro if figures or shown else kind.empty
    alert = kind.alert(study) if kind.alert else None
    return Section(
        id=kind.id,
        title=kind.title,
        short=kind.short,
        paragraphs=(first,) if first else (),
        figures=figures,
        tables=shown,
        remarks=(*kind.remarks(study), *kind.closing),
        alert=alert if alert and alert.rows else None,
    )
