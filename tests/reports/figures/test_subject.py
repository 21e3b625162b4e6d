"""An entry in the list of figures: what its function is given, and the form of a finding that it reads."""

from __future__ import annotations

from matplotlib import pyplot

from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.figures.subject import Effect, of_cells
from rlvr_bench.reports.load import Cell
from tests.reports.figures.subjects import subject_of


def test_a_figure_of_cells_gets_cells_width_and_looks(three: tuple[Cell, ...]) -> None:
    seen = []
    figure = pyplot.figure()
    make = of_cells(lambda cells, width, looks: seen.append((cells, width, looks)) or figure)
    subject = subject_of(three)
    assert make(subject, "column") is figure
    assert seen == [(three, "column", subject.looks)]


def test_a_finding_has_all_that_a_figure_reads() -> None:
    read = {name for name, value in vars(Effect).items() if isinstance(value, property)}
    assert len(read) == 11
    finding = Finding(id="a.b", claim="", conclusion="supported")
    assert all(hasattr(finding, name) for name in read)
