"""`rlvr-bench report`: the page, figures and tables of a results folder, or of single runs; the answer and the
comparison are printed."""

from __future__ import annotations

import shlex
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

from rlvr_bench import reports
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.progress import track
from rlvr_bench.harness.text_table import WIDTH, text_table


def report_of(
    folders: Sequence[Path], out: Path | None = None, *, allow_unlike: bool = False, paper: bool = False
) -> bool:
    """The report of a results folder, or of one or several run folders; for the others see `report`.

    Returns True: nothing is left out.

    Args:
        out: needed for several folders; FOLDER/report by default.
    Raises:
        ConfigError: the folders cannot be put together.
    """
    from rlvr_bench.harness.commands.runs.compare import is_run, put_together

    if len(folders) == 1 and not is_run(folders[0]):
        report(folders[0], out, allow_unlike=allow_unlike, paper=paper)
        return True
    if out is None and len(folders) > 1:
        raise ConfigError(["report: give --out, the folder for the report of several runs"])
    out = out or folders[0] / "report"
    options = ["--allow-unlike"] if allow_unlike else []
    command = shlex.join(["rlvr-bench", "report", *map(str, folders), "--out", str(out), *options])
    with tempfile.TemporaryDirectory(prefix="runs-") as folder:
        put_together(folders, Path(folder), command=command, allow_unlike=allow_unlike)
        report(Path(folder), out, allow_unlike=allow_unlike, paper=paper)
    return True


def report(results: Path, out: Path | None = None, *, allow_unlike: bool = False, paper: bool = False) -> None:
    """Write the report; print a table for each part, the sentences that the page opens with, and its path.

    Args:
        out: where the pages go; RESULTS/report by default.
        allow_unlike: compare runs of different machines.
        paper: figures also as PDF and PNG, in the width of a page and of a column.
    Raises:
        RecordError: the records cannot be read, or the environments differ.
    """
    made = reports.report(results, out, allow_unlike=allow_unlike, paper=paper, track=track)
    for table in made.tables:
        print(text_table(table.columns, table.rows, title=table.title), end="\n\n")
    if made.tables:
        print(textwrap.fill(made.tables[-1].note, WIDTH), end="\n\n")
    answer = made.answer
    for sentence in (answer.accuracy, answer.cost, answer.memory, f"Scope: {answer.scope}"):
        print(textwrap.fill(sentence, WIDTH))
    print()
    print(made.page)
