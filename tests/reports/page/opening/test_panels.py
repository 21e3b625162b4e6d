"""Each part's figure at the top."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.figures.draw import Drawn
from rlvr_bench.reports.load import load
from rlvr_bench.reports.measures.cell_numbers import cell_numbers
from rlvr_bench.reports.page.opening.panels import panels
from tests.reports import synthetic
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS

SECOND = replace(LEARNING, name="b", title="B\n")


def drawn(section: str, part: str) -> Drawn:
    return Drawn(name=f"{section}-{part}", section=section, part=part, caption="")


@pytest.mark.parametrize(
    ("sections", "chosen"),
    [(("time", "learning", "answer"), "answer-b"), (("memory", "learning"), "learning-b"), (("rewards",), None)],
)
def test_the_answer_or_the_next_best_figure_of_the_part(
    sections: tuple[str, ...], chosen: str | None, tmp_path: Path
) -> None:
    study = load(synthetic.write(tmp_path, CELLS[2:], [LEARNING, SECOND, SYSTEMS], steps=2))
    found = {p.name: cell_numbers(study.cells(p)) for p in study.manifest.parts}
    figures = [drawn("answer", "learning"), *(drawn(section, "b") for section in sections)]
    first, second = panels(study, figures, found)
    assert first.figure == figures[0]
    assert (second.part, second.title) == ("b", "B")
    assert (second.figure.name if second.figure else None) == chosen
    assert second.table.rows[-1][0].value == CELLS[2].label
