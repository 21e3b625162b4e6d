"""What a figure is drawn of, and the form of an entry in the list of figures (kinds.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from matplotlib.figure import Figure

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports.figures.palette import Looks
from rlvr_bench.reports.figures.style import Width
from rlvr_bench.reports.load import Cell, Study
from rlvr_bench.reports.stats import Estimate


class Effect(Protocol):
    """What the forest plot reads of a finding; figures do not know how findings are made."""

    @property
    def id(self) -> str: ...
    @property
    def part(self) -> str: ...
    @property
    def question(self) -> str: ...
    @property
    def conclusion(self) -> str: ...
    @property
    def primary(self) -> bool: ...
    @property
    def pair(self) -> tuple[str, str] | None: ...
    @property
    def estimate(self) -> Estimate | None: ...
    @property
    def level(self) -> float: ...
    @property
    def scale(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def holds(self) -> tuple[float, float] | None: ...


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A part of a study, or the whole of it."""

    study: Study
    part: PartInfo | None  # None for a figure of the whole study
    cells: Sequence[Cell]  # of the part
    looks: Looks  # of every cell of the study, by name
    findings: Sequence[Effect] = ()


@dataclass(frozen=True, kw_only=True)
class FigureKind:
    """One figure that a part of a study, or a study, can have."""

    name: str  # of its files: <name>-<part>.<suffix>, and <name>-<part>-column.<suffix> for a column
    section: str  # of the page
    about: Literal["learning", "costs", "search", "study"]
    """Which parts it is drawn of.  Costs are drawn of learning parts only where no other part measures them; a figure
    of the study is drawn once, and its files have no part in their names."""
    make: Callable[[Subject, Width], Figure | None]
    caption: str
    remark: Callable[[Subject], str] = lambda subject: ""  # behind the caption, from the records


def of_cells(
    make: Callable[[Sequence[Cell], Width, Looks], Figure | None],
) -> Callable[[Subject, Width], Figure | None]:
    """A figure that needs nothing but the cells of a part and their looks."""
    return lambda subject, width: make(subject.cells, width, subject.looks)
