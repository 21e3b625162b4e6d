"""Memory: exact states beside measured peaks."""

from __future__ import annotations

from rlvr_bench.reports.figures import style
from rlvr_bench.reports.figures.costs import memory
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.load import Cell


def test_states_and_peaks(three: tuple[Cell, ...]) -> None:
    with style.styled():
        figure = memory.memory(three, "text", cell_looks(three))
    assert figure is not None
    states, peaks = figure.axes
    assert states.get_title() == "states, exact"
    assert peaks.get_title() == "peak by phase (device)"
    # four models of 40 MB are the widest bar: 16 + 16 + 4 + 4 bytes a parameter, in MiB
    assert max(p.get_x() + p.get_width() for p in states.patches) == 40_000_000 / 1024**2


def test_nothing_recorded_draws_nothing() -> None:
    assert memory.memory((), "text", {}) is None
