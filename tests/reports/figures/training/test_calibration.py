"""Calibration names each reward model once and counts its pairs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.figures import style
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.figures.training import calibration
from rlvr_bench.reports.load import Cell
from tests.reports.hacking import HACKING
from tests.reports.judge import cells_of


def test_calibration_names_each_model_once(eight: tuple[Cell, ...]) -> None:
    with style.styled():
        figure = calibration.calibration(eight, "text", cell_looks(eight))
    assert figure is not None
    texts = [t.get_text() for t in figure.legends[0].get_texts()]
    assert texts == [
        "perfectly calibrated",
        "8000 pairs: 85.0 % of 200 held-out pairs right",
        "100 pairs: 60.0 % of 200 held-out pairs right",
    ]


@pytest.mark.parametrize("width", ["text", "column"])
def test_each_bin_has_its_count(eight: tuple[Cell, ...], width: style.Width) -> None:
    figure = calibration.calibration(eight, width, cell_looks(eight))
    assert figure is not None
    shares, counts = figure.axes
    # two models of two bins with 150 and 50 of 200 pairs, in the bins from .6 and from .9
    assert [p.get_height() for p in counts.patches] == [150, 50, 150, 50]
    edges = [(p.get_x(), p.get_x() + p.get_width()) for p in counts.patches]
    assert all(low < x < high for (low, high), x in zip(edges[::2], (0.61, 0.64), strict=True))
    assert edges[0][1] <= edges[2][0] + 1e-9
    assert shares.get_ylabel() == "share of pairs ranked right"


def test_models_of_as_many_pairs_share_an_entry(tmp_path: Path) -> None:
    other = replace(HACKING[2], name="again", facts={**HACKING[2].facts, "held_out_accuracy": 0.9})
    cells = cells_of(tmp_path, HACKING[2], other, steps=1)
    figure = calibration.calibration(cells, "column", cell_looks(cells))
    assert figure is not None
    assert figure.legends[0].get_texts()[1].get_text() == "8000 pairs, 2 models: 85.0 to 90.0 % right"


def test_without_reward_models_there_is_none(eight: tuple[Cell, ...]) -> None:
    assert calibration.calibration(eight[:2], "text", cell_looks(eight)) is None
