"""Figures are drawn exactly when there is data, costs only where they were measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports.figures import draw, style
from rlvr_bench.reports.load import load
from tests.reports import synthetic
from tests.reports.hacking import HACKING
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS, Spec

PART = replace(LEARNING, seeds=(0, 1))


@pytest.mark.usefixtures("quick_figures")
@pytest.mark.parametrize(
    ("specs", "parts", "expected"),
    [
        (HACKING[:2], [PART], set()),  # the verifier alone
        (HACKING[2:4], [SYSTEMS], set()),
        (HACKING[2:3], [PART], {"overoptimization", "calibration", "proxy"}),
        (HACKING[6:], [PART], {"overoptimization"}),  # a random reward has no proxy
        (CELLS, [PART], {"overoptimization", "proxy"}),  # nothing recorded of the reward model
        ([replace(HACKING[2], more=lambda *_: {"train/kl_to_reference": None})], [PART], {"calibration", "proxy"}),
    ],
    ids=["verifier", "systems", "learned", "random", "no-facts", "no-kl"],
)
def test_drawn_exactly_when_there_is_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, specs: list[Spec], parts: list, expected: set[str]
) -> None:
    monkeypatch.setattr(draw, "INCHES", {"text": style.INCHES["text"]})
    monkeypatch.setattr(draw, "FIGURES", [kind for kind in draw.FIGURES if kind.section == "rewards"])
    study = load(synthetic.write(tmp_path / "study", specs, parts, steps=4))
    drawn = draw.draw(study, tmp_path / "figures")
    assert {d.name.removesuffix("-learning") for d in drawn} == expected
    assert {d.section for d in drawn} <= {"rewards"}


def empty(*_: object) -> Figure:
    return pyplot.figure(figsize=(1, 1))


@pytest.mark.usefixtures("quick_figures")
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([LEARNING, SYSTEMS], {"costs-systems", "learning-learning"}),
        ([LEARNING], {"costs-learning", "learning-learning"}),
    ],
    ids=["both", "learning"],
)
def test_costs_come_from_the_parts_that_measure_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: list[PartInfo], expected: set[str]
) -> None:
    kinds = [
        draw.FigureKind(name=about, section="s", about=about, make=empty, caption="c")
        for about in ("learning", "costs")
    ]
    monkeypatch.setattr(draw, "FIGURES", kinds)
    drawn = draw.draw(load(synthetic.write(tmp_path / "study", CELLS[2:], parts, steps=2)), tmp_path / "figures")
    assert {d.name for d in drawn} == expected
    assert {p.name for p in (tmp_path / "figures").iterdir()} == {
        f"{name}{width}.svg" for name in expected for width in ("", "-column")
    }


def test_part_names_become_file_names() -> None:
    assert draw.slug("a b/ü_1") == "a-b---1"
