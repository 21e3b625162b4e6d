"""From a results folder to a page, figures and tables: a pure function of the records.

    build(results)              writes <results>/report/ and gives the path of report.html
    comparison_tables(results)  the cells of each part side by side, as texts

Importing this package loads neither matplotlib nor torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlvr_bench.reports.page.table import Table

__all__ = ["build", "comparison_tables"]


def build(results: Path, out: Path | None = None, *, allow_unlike: bool = False) -> Path:
    """Write the whole report of a results folder.

    Args:
        out: where to; `<results>/report` if not given.
        allow_unlike: compare runs of different environments anyway, and mark the page.
    Returns:
        the path of report.html.
    Raises:
        rlvr_bench.harness.records.RecordError: the records cannot be read, or the environments differ.
    """
    from rlvr_bench.reports.cells.environments import check_environments
    from rlvr_bench.reports.load import load
    from rlvr_bench.reports.page.write import write

    study = load(Path(results))
    unlike = check_environments(study, allow_unlike=allow_unlike)
    return write(study, Path(out) if out is not None else Path(results) / "report", unlike)


def comparison_tables(results: Path) -> tuple[Table, ...]:
    """One table a part; all have one note, `COMPARISON_NOTE` of page/comparison_table.py.

    Raises:
        rlvr_bench.harness.records.RecordError: the records cannot be read.
    """
    from rlvr_bench.reports.load import load
    from rlvr_bench.reports.page.comparison_table import comparison_table

    study = load(Path(results))
    return tuple(comparison_table(part, study.cells(part)) for part in study.manifest.parts)
