"""All figures of a study are drawn here, each in the width of a page and of a column.

A new figure is one function and one entry:
1. Write a function of a `Subject` and a `Width` that gives a matplotlib figure, or None where the records have no data
   for it; sizes come from style.py, colors from palette.py.
2. Add a `FigureKind` to FIGURES in kinds.py with the section of the page that it belongs to (a topic of
   page/sections.py; one that is not listed there comes behind the others of its part) and a caption that says what
   lines, bands and marks are.
The page and the files in three formats follow.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import Any

from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.figures.kinds import FIGURES
from rlvr_bench.reports.figures.palette import Looks, looks_of
from rlvr_bench.reports.figures.style import INCHES, Width, save, styled
from rlvr_bench.reports.figures.subject import Effect, FigureKind, Subject
from rlvr_bench.reports.load import Study


@dataclass(frozen=True)
class Files:
    """Which files of each figure are written."""

    widths: tuple[Width, ...]
    formats: tuple[str, ...] | None  # of style.FORMATS; None: all


SUFFIX: dict[Width, str] = {"text": "", "column": "-column"}  # behind the names of the files
PAGE = Files(("text",), ("svg",))  # what the page shows
PAPER = Files(tuple(INCHES), None)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One figure on disk."""

    name: str
    section: str
    part: str  # empty for a figure of the whole study
    caption: str


Track = Callable[[Iterable[Any], str, int], Iterable[Any]]  # items, what is done with them, how many: the items


def draw(
    study: Study,
    folder: Path,
    findings: Sequence[Effect] = (),
    *,
    files: Files = PAPER,
    track: Track = lambda items, what, total: items,
) -> tuple[Drawn, ...]:
    """Write every figure that the study has data for, in the order of FIGURES and then of the parts.

    Args:
        findings: for the figure of effects, which is left out without them.
        files: PAGE takes a small part of the time that PAPER takes.
        track: shows progress.
    """
    folder.mkdir(parents=True, exist_ok=True)
    looks = looks_of(study)
    jobs = [(kind, subject) for kind in FIGURES for subject in _subjects(study, kind, looks, findings)]
    with _no_collection():
        made = track(_each(_Sheet(tuple(jobs), folder, files)), "Figures", len(jobs))
        return tuple(drawn for drawn in made if drawn)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the collection of garbage, which takes an eighth of the time that drawing takes."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _subjects(study: Study, kind: FigureKind, looks: Looks, findings: Sequence[Effect]) -> list[Subject]:
    if kind.about == "study":
        return [Subject(study=study, part=None, cells=(), looks=looks, findings=findings)]
    parts = study.parts("search" if kind.about == "search" else "learning")
    if kind.about == "costs":
        parts = study.parts("systems") or parts
    return [Subject(study=study, part=p, cells=study.cells(p), looks=looks, findings=findings) for p in parts]


@dataclass(frozen=True)
class _Sheet:
    """What is to be drawn."""

    jobs: Sequence[tuple[FigureKind, Subject]]
    folder: Path
    files: Files

    def draw(self, place: int) -> Drawn | None:
        return _draw(*self.jobs[place], self.folder, self.files)


_sheet: _Sheet | None = None  # in a worker: what its parent had when it forked, since a study is too large to send


def _each(sheet: _Sheet) -> Iterator[Drawn | None]:
    """One figure after the other, drawn by as many processes as there are cores."""
    workers = min(len(sheet.jobs), _cores())
    if workers < 2:
        yield from map(sheet.draw, range(len(sheet.jobs)))
        return
    with ProcessPoolExecutor(workers, get_context("fork"), initializer=_hold, initargs=(sheet,)) as pool:
        yield from pool.map(_draw_held, range(len(sheet.jobs)))


def _cores() -> int:
    """That this process may use; 1 where processes cannot be forked."""
    return len(os.sched_getaffinity(0)) if "fork" in get_all_start_methods() and hasattr(os, "sched_getaffinity") else 1


def _hold(sheet: _Sheet) -> None:
    global _sheet
    _sheet = sheet


def _draw_held(place: int) -> Drawn | None:
    assert _sheet is not None
    return _sheet.draw(place)


def _draw(kind: FigureKind, subject: Subject, folder: Path, files: Files) -> Drawn | None:
    part = subject.part
    name, made = f"{kind.name}-{slug(part.name)}" if part else kind.name, False
    for width in files.widths:
        with styled():
            figure = kind.make(subject, width)
            if figure is not None:
                save(figure, folder, f"{name}{SUFFIX[width]}", files.formats)
                made = True
    if not made:
        return None
    title = f"{one_line(part.title)}. " if part else ""
    caption = f"{title}{kind.caption} {kind.remark(subject)}".strip()
    return Drawn(name=name, section=kind.section, part=part.name if part else "", caption=caption)


def slug(name: str) -> str:
    """A part's name as a piece of a file name."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name)
