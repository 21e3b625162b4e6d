"""All tables of a study are written here.

A new table is one function of a part and its cells, and one entry in TABLES with the section of the page that it
belongs to (an id of page/sections.py); a table without rows is not written.
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
from rlvr_bench.reports.page.comparison_table import comparison_csv, comparison_table
from rlvr_bench.reports.page.curves.ladder_table import ladder_csv, ladder_table
from rlvr_bench.reports.page.curves.memory_curve_table import memory_curve_csv, memory_curve_table
from rlvr_bench.reports.page.curves.tuning_table import tuning_csv, tuning_table
from rlvr_bench.reports.page.finding_table import finding_table, findings_csv
from rlvr_bench.reports.page.latex.printed import table_latex
from rlvr_bench.reports.page.memory_table import memory_table
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


TABLES: tuple[TableKind, ...] = (
    TableKind(name="comparison", section="cells", make=comparison_table, raw=comparison_csv),
    TableKind(name="ladder", section="baselines", make=ladder_table, raw=ladder_csv),
    TableKind(name="tuning", section="tuning", make=tuning_table, raw=tuning_csv),
    TableKind(name="overoptimization", section="rewards", make=ends_table, raw=ends_csv, learning_only=True),
    TableKind(name="reward-models", section="rewards", make=models_table, raw=models_csv, learning_only=True),
    TableKind(name="memory", section="memory", make=memory_table),
    TableKind(name="memory-curve", section="memory", make=memory_curve_table, raw=memory_curve_csv),
)


def write_tables(study: Study, findings: Sequence[Finding], folder: Path) -> None:
    """Each table as LaTeX and as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in TABLES:
        for part, table in kind.titled(study):
            csv = kind.raw(part, study.cells(part)) if kind.raw else table_csv(table)
            name = f"{kind.name}-{slug(part.name)}"
            _write(folder / f"{name}.csv", csv)
            _write(folder / f"{name}.tex", table_latex(table, name))
    _write(folder / "findings.csv", findings_csv(findings))
    _write(folder / "findings.tex", table_latex(first_columns(finding_table(findings), PRINTED), "findings"))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
