"""From a results folder to a page, figures and tables: a pure function of the records.

    build(results)       writes <results>/report/ and gives the path of report.html
    text_table(results)  the comparison for a terminal, at most 100 columns wide

Importing this package loads neither matplotlib nor torch.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["build", "text_table"]


def build(results: Path, out: Path | None = None, *, allow_unlike: bool = False) -> Path:
    """Write the whole report of a results folder.

    Args:
        out: where to; `<results>/report` if not given.
        allow_unlike: compare runs of unlike environments anyway, and mark the page.
    Returns:
        the path of report.html.
    Raises:
        rlvr_bench.harness.records.RecordError: the records cannot be read, or the environments are unlike.
    """
    from rlvr_bench.reports.cells.environments import check_alike
    from rlvr_bench.reports.load import load
    from rlvr_bench.reports.page.write import write

    study = load(Path(results))
    unlike = check_alike(study, allow_unlike=allow_unlike)
    return write(study, Path(out) if out is not None else Path(results) / "report", unlike)


def text_table(results: Path) -> str:
    """The comparison of every part of a results folder, as plain text.

    Raises:
        rlvr_bench.harness.records.RecordError: the records cannot be read.
    """
    from rlvr_bench.reports.load import load
    from rlvr_bench.reports.page import tables

    return tables.text_table(load(Path(results)))
