"""Bytes sent by phase, stacked, in multiples of the actor's weights."""

from __future__ import annotations

from pathlib import Path

from rlvr_bench.reports.figures import style
from rlvr_bench.reports.figures.costs.communication import sent
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.measures.costs.communication import sent_in
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.measures.costs.test_communication import exchanging
from tests.reports.synthetic import CELLS


def test_phases_add_up_to_what_is_sent(tmp_path: Path) -> None:
    cell = exchanging(tmp_path)
    with style.styled():
        figure = sent([cell], "text", cell_looks([cell]))
    assert figure is not None
    bars = figure.axes[0].patches
    each = sent_in(cell.finished[0])
    close(max(p.get_x() + p.get_width() for p in bars), sum(each) / len(each) / (4 * cell.roles["actor"].parameters))
    assert len(bars) == 2


def test_one_process_sends_nothing(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, CELLS[0])
    assert sent(cells, "text", cell_looks(cells)) is None
