"""The options of `rlvr-bench paper`; what it does is imported when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def paper(
    results: Annotated[Path, typer.Argument(help="A results folder.")],
    columns: Annotated[
        int, typer.Option(min=1, max=2, help="Columns of a page; figures are as wide as one (3.25 or 6.75 inches).")
    ] = 2,
    out: Annotated[Path | None, typer.Option(help="Where it goes; RESULTS/paper by default.")] = None,
    allow_unlike: Annotated[bool, typer.Option("--allow-unlike", help="Compare runs of unlike machines.")] = False,
) -> None:
    """What a paper needs of a study: figures, LaTeX tables, a text of methods, and a main.tex that compiles."""
    from rlvr_bench import reports
    from rlvr_bench.harness.commands.folders import check_writable
    from rlvr_bench.harness.progress import track

    folder = out or results / "paper"
    check_writable(folder)
    main = reports.write_paper(
        results, folder, columns=1 if columns == 1 else 2, allow_unlike=allow_unlike, track=track
    )
    typer.echo(main)
