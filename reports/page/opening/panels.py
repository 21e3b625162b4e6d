"""A part's figure and short table are put side by side here: what a reader sees below the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.figures.draw import Drawn
from rlvr_bench.reports.load import Study
from rlvr_bench.reports.measures.cell_numbers import CellNumbers
from rlvr_bench.reports.page.opening.parts import answered
from rlvr_bench.reports.page.opening.short_table import ShortTable, short_table
from rlvr_bench.reports.page.opening.target import times_to_target

ANSWER, EFFECTS = "answer", "effects"  # sections of figures that stand at the top, outside the parts
# The first of these that a part has is its figure at the top.
INSTEAD = (ANSWER, "learning", "communication", "memory", "time")


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What the top of the page shows of one part."""

    part: str  # its name
    title: str
    figure: Drawn | None
    table: ShortTable


def panels(study: Study, drawn: Sequence[Drawn], found: Mapping[str, Sequence[CellNumbers]]) -> tuple[Panel, ...]:
    """One a part, in the order of the page.

    Args:
        found: numbers of the cells, by name of the part.
    """
    return tuple(
        Panel(
            part=part.name,
            title=one_line(part.title),
            figure=_figure(drawn, part.name),
            table=short_table(study, part, found[part.name], times_to_target(study, part)),
        )
        for part in answered(study)
    )


def _figure(drawn: Sequence[Drawn], part: str) -> Drawn | None:
    mine = [d for section in INSTEAD for d in drawn if d.part == part and d.section == section]
    return mine[0] if mine else None
