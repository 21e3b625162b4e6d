"""`rlvr-bench report FOLDER --all`: one page of every study under a folder."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rlvr_bench import reports
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.text_table import text_table


def overview_of(folders: Sequence[Path], out: Path | None, *, allow_unlike: bool, paper: bool) -> bool:
    """Check what was asked for, then `show_overview`.

    Raises:
        ConfigError: several folders, or what only the page of one study has.
    """
    problems = []
    if len(folders) > 1:
        problems.append("--all: give one folder, that of all studies")
    if paper:
        problems.append("--paper: is of one study; give its folder without --all")
    if problems:
        raise ConfigError(problems)
    return show_overview(folders[0], out, allow_unlike=allow_unlike)


def show_overview(folder: Path, out: Path | None = None, *, allow_unlike: bool = False) -> bool:
    """Write the page; print a row for each claim, and the page's path.  Whether every study could be read.

    Args:
        out: where the page goes; FOLDER/report by default.
        allow_unlike: also studies that compare runs of different machines.
    Raises:
        RecordError: there is no study.
    """
    made = reports.write_overview(folder, out, allow_unlike=allow_unlike)
    print(text_table(made.table.columns, made.table.rows, title=made.table.title), end="\n\n")
    for name, reason in made.unreadable:
        print(f"error: {name}: {reason}", file=sys.stderr)
    print(made.page)
    return not made.unreadable
