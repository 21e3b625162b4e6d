"""All tables of a study are written here.

A new table is one function of a part and its cells, and one entry in TABLES with the section of the page that it
belongs to (a topic of page/sections.py); a table without rows is not written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.figures.draw import slug
from rlvr_bench.reports.load import Cell, Study
from rlvr_bench.reports.page.appendix.seeds import seeds_csv
from rlvr_bench.reports.page.budget_table import budget_csv, budget_table, target_csv, target_table
from rlvr_bench.reports.page.comparison_table import comparison_csv, comparison_table
from rlvr_bench.reports.page.costs.communication_table import exchange_table, predicted_table
from rlvr_bench.reports.page.costs.memory_table import memory_table, planned_table
from rlvr_bench.reports.page.curves.ladder_table import ladder_csv, ladder_table
from rlvr_bench.reports.page.curves.lengths_table import checks_table, lengths_csv, lengths_table
from rlvr_bench.reports.page.curves.many_table import many_csv, many_table
from rlvr_bench.reports.page.curves.memory_curve_table import memory_curve_csv, memory_curve_table
from rlvr_bench.reports.page.curves.tuning_table import tuning_csv, tuning_table
from rlvr_bench.reports.page.curves.values_table import values_csv, values_table
from rlvr_bench.reports.page.finding_table import finding_table, findings_csv
from rlvr_bench.reports.page.latex.printed import table_latex
from rlvr_bench.reports.page.opening.instruments import instrument_table
from rlvr_bench.reports.page.pairwise_table import pairwise_csv, pairwise_table
from rlvr_bench.reports.page.proxies.exploits_table import counts_csv, counts_table, examples_table
from rlvr_bench.reports.page.proxies.fits_table import fits_csv, fits_table
from rlvr_bench.reports.page.reward_tables import ends_csv, ends_table, models_csv, models_table
from rlvr_bench.reports.page.table import Table, first_columns, table_csv

PRINTED = 6  # columns of the findings that fit a printed page


@dataclass(frozen=True, kw_only=True)
class TableKind:
    """One table that a part of a study can have."""

    name: str  # of its files: <name>-<part>.csv and .tex
    section: str  # of the page
    make: Callable[[PartInfo, Sequence[Cell]], Table]
    raw: Callable[[PartInfo, Sequence[Cell]], str] | None = None  # the CSV, where it has more than the texts
    learning_only: bool = False

    def of(self, study: Study) -> list[tuple[PartInfo, Table]]:
        """The table of each part that has rows for it."""
        parts = study.parts("learning") if self.learning_only else study.manifest.parts
        made = [(part, self.make(part, study.cells(part))) for part in parts]
        return [(part, table) for part, table in made if table.rows]

    def titled(self, study: Study) -> list[tuple[PartInfo, Table]]:
        """The same; where several parts have it, each names its part."""
        found = self.of(study)
        if len(found) == 1:
            return found
        titles = [one_line(part.title) for part, _ in found]
        return [
            (part, table if table.title == title else replace(table, title=f"{table.title}: {title}"))
            for (part, table), title in zip(found, titles, strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class Made:
    """One table of one part."""

    kind: TableKind
    part: PartInfo
    table: Table
    heading: str  # the title of the table without the part's

    @property
    def name(self) -> str:
        """Of its files, without the suffix."""
        return f"{self.kind.name}-{slug(self.part.name)}"


TABLES: tuple[TableKind, ...] = (
    TableKind(name="comparison", section="cells", make=comparison_table, raw=comparison_csv),
    TableKind(name="pairwise", section="cells", make=pairwise_table, raw=pairwise_csv),
    TableKind(name="budgets", section="learning", make=budget_table, raw=budget_csv, learning_only=True),
    TableKind(name="targets", section="learning", make=target_table, raw=target_csv, learning_only=True),
    TableKind(name="instruments", section="instruments", make=instrument_table, learning_only=True),
    TableKind(name="many", section="learning", make=many_table, raw=many_csv, learning_only=True),
    TableKind(name="lengths", section="lengths", make=lengths_table, raw=lengths_csv, learning_only=True),
    TableKind(name="self-checks", section="lengths", make=checks_table, learning_only=True),
    TableKind(name="ladder", section="baselines", make=ladder_table, raw=ladder_csv),
    TableKind(name="values", section="baselines", make=values_table, raw=values_csv, learning_only=True),
    TableKind(name="tuning", section="tuning", make=tuning_table, raw=tuning_csv),
    TableKind(name="overoptimization", section="rewards", make=ends_table, raw=ends_csv, learning_only=True),
    TableKind(name="fits", section="rewards", make=fits_table, raw=fits_csv, learning_only=True),
    TableKind(name="exploits", section="rewards", make=counts_table, raw=counts_csv, learning_only=True),
    TableKind(name="exploit-examples", section="rewards", make=examples_table, learning_only=True),
    TableKind(name="reward-models", section="rewards", make=models_table, raw=models_csv, learning_only=True),
    TableKind(name="memory", section="memory", make=memory_table),
    TableKind(name="planned-memory", section="memory", make=planned_table),
    TableKind(name="exchanges", section="communication", make=exchange_table),
    TableKind(name="planned-communication", section="communication", make=predicted_table),
    TableKind(name="memory-curve", section="memory", make=memory_curve_table, raw=memory_curve_csv),
)


def make_tables(study: Study) -> tuple[Made, ...]:
    """Every table that the study has rows for, in the order of TABLES and then of the parts."""
    return tuple(
        Made(kind=kind, part=part, table=table, heading=plain.title)
        for kind in TABLES
        for (_, plain), (part, table) in zip(kind.of(study), kind.titled(study), strict=True)
    )


def write_tables(study: Study, made: Sequence[Made], findings: Sequence[Finding], folder: Path) -> None:
    """Each table as LaTeX and as CSV, and the numbers of every run as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in made:
        raw = one.kind.raw
        _write(folder / f"{one.name}.csv", raw(one.part, study.cells(one.part)) if raw else table_csv(one.table))
        _write(folder / f"{one.name}.tex", table_latex(one.table, one.name))
    for part in study.manifest.parts:
        _write(folder / f"{seeds_name(part)}.csv", seeds_csv(part, study.cells(part)))
    _write(folder / "findings.csv", findings_csv(findings))
    _write(folder / "findings.tex", table_latex(first_columns(finding_table(findings), PRINTED), "findings"))


def seeds_name(part: PartInfo) -> str:
    """Of the file with the numbers of every run of a part, without its suffix."""
    return f"seeds-{slug(part.name)}"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
