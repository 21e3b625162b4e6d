"""Calibration names each reward model once."""

from __future__ import annotations

from rlvr_bench.reports.figures import calibration, style
from rlvr_bench.reports.load import Cell


def test_calibration_names_each_model_once(eight: tuple[Cell, ...]) -> None:
    with style.styled():
        figure = calibration.calibration(eight, "text")
    assert figure is not None
    texts = [t.get_text() for t in figure.legends[0].get_texts()]
    assert texts == [
        "perfectly calibrated",
        "8000 pairs: 85.0 % of 200 held-out pairs right",
        "100 pairs: 60.0 % of 200 held-out pairs right",
    ]


def test_without_reward_models_there_is_none(eight: tuple[Cell, ...]) -> None:
    assert calibration.calibration(eight[:2], "text") is None
