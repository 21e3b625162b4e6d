"""From a results folder to a page, figures and tables: a pure function of the records.

    report(results)             writes <results>/report/ and gives its answer, its tables and the path of report.html
    build(results)              the same, and gives the path alone
    comparison_tables(results)  the cells of each part side by side, as texts
    write_paper(results)        writes <results>/paper/: figures, tables, a text of methods, and main.tex
    write_overview(folder)      writes <folder>/report/index.html: every claim, and what each study there says of it

Importing this package loads neither matplotlib nor torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rlvr_bench.reports.claims.answer import Answer
    from rlvr_bench.reports.load import Study
    from rlvr_bench.reports.page.table import Table

__all__ = ["Overview", "Report", "build", "comparison_tables", "report", "write_overview", "write_paper"]

Track = Callable[[Iterable[Any], str, int], Iterable[Any]]  # items, what is done with them, how many: the items


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was written, and what a terminal shows of it."""

    page: Path
    answer: Answer
    tables: tuple[Table, ...]  # one a part; all have one note, `COMPARISON_NOTE` of page/comparison_table.py


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What was written about several studies, and what a terminal shows of it."""

    page: Path
    table: Table  # a row for each claim
    unreadable: tuple[tuple[str, str], ...]  # (folder, why) of studies that are not among them


def report(
    results: Path,
    out: Path | None = None,
    *,
    allow_unlike: bool = False,
    paper: bool = False,
    track: Track = lambda items, what, total: items,
) -> Report:
    """Write the whole report of a results folder.

    Args:
        out: where to; `<results>/report` if not given.
        allow_unlike: compare runs of different environments anyway, and mark the page.
        paper: figures also as PDF and PNG and in the width of a column, which takes several times as long.
        track: shows progress: is given items, what is done with them and how many there are, and gives the items.
    Raises:
        rlvr_bench.harness.records.RecordError: the records cannot be read, or the environments differ.
    """
    from rlvr_bench.reports.cells.environments import check_environments
    from rlvr_bench.reports.claims.answer import answer
    from rlvr_bench.reports.claims.study import findings
    from rlvr_bench.reports.load import load
    from rlvr_bench.reports.page.write import write

    results = Path(results)
    study = load(results)
    unlike = check_environments(study, allow_unlike=allow_unlike)
    found = findings(study)
    answered = _printable(answer(study, found))
    folder = Path(out) if out is not None else results / "report"
    page = write(study, found, answered, folder, unlike, results=results, paper=paper, track=track)
    return Report(page=page, answer=answered, tables=_tables(study))


def _printable(answer: Answer) -> Answer:
    """Safe for a terminal: the sentences have titles and labels in them."""
    from rlvr_bench.reports.escape import one_line

    texts = {f.name: getattr(answer, f.name) for f in fields(answer)}
    return replace(
        answer, **{k: one_line(v) if isinstance(v, str) else tuple(map(one_line, v)) for k, v in texts.items()}
    )


def build(results: Path, out: Path | None = None, *, allow_unlike: bool = False, paper: bool = False) -> Path:
    """Write the whole report and give the path of report.html; arguments and errors are those of `report`."""
    return report(results, out, allow_unlike=allow_unlike, paper=paper).page


def write_paper(
    results: Path,
    out: Path | None = None,
    *,
    columns: Literal[1, 2] = 2,
    allow_unlike: bool = False,
    track: Track = lambda items, what, total: items,
) -> Path:
    """Write what an author needs of a results folder, and give the path of main.tex.

    Args:
        out: where to; `<results>/paper` if not given.
        columns: of a page of the paper; figures are as wide as one.
        allow_unlike: compare runs of different environments anyway.
        track: shows progress, as in `report`.
    Raises:
        rlvr_bench.harness.records.RecordError: the records cannot be read, or the environments differ.
    """
    from rlvr_bench.reports.cells.environments import check_environments
    from rlvr_bench.reports.claims.answer import answer
    from rlvr_bench.reports.claims.study import findings
    from rlvr_bench.reports.load import load
    from rlvr_bench.reports.paper.write import write

    results = Path(results)
    study = load(results)
    check_environments(study, allow_unlike=allow_unlike)
    found = findings(study)
    folder = Path(out) if out is not None else results / "paper"
    return write(study, found, _printable(answer(study, found)), folder, columns=columns, track=track)


def write_overview(folder: Path, out: Path | None = None, *, allow_unlike: bool = False) -> Overview:
    """Write the page of all studies under a folder; their own pages are neither made nor changed.

    Args:
        out: where to; `<folder>/report` if not given.
        allow_unlike: also studies whose runs had unlike environments.
    Raises:
        rlvr_bench.harness.records.RecordError: there is no study.
    """
    from rlvr_bench.reports.overview.collect import collect
    from rlvr_bench.reports.overview.write import short_table, write

    folder = Path(folder)
    out = Path(out) if out is not None else folder / "report"
    found = collect(folder, out, allow_unlike=allow_unlike)
    return Overview(page=write(found, out), table=short_table(found), unreadable=found.unreadable)


def comparison_tables(results: Path) -> tuple[Table, ...]:
    """One table a part; all have one note, `COMPARISON_NOTE` of page/comparison_table.py.

    Raises:
        rlvr_bench.harness.records.RecordError: the records cannot be read.
    """
    from rlvr_bench.reports.load import load

    return _tables(load(Path(results)))


def _tables(study: Study) -> tuple[Table, ...]:
    from rlvr_bench.reports.page.comparison_table import comparison_table

    return tuple(comparison_table(part, study.cells(part)) for part in study.manifest.parts)
