"""The figures of rewards are drawn exactly when there is data, and show what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench import reports
from rlvr_bench.reports.figures import draw, hacking, learning, panels, style
from rlvr_bench.reports.load import Cell, load
from tests.reports import synthetic
from tests.reports.hacking import BASE, HACKING
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS, Spec

PART = replace(LEARNING, seeds=(0, 1))


@pytest.fixture
def quick_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style, "FORMATS", ("svg",))
    monkeypatch.setattr(style, "RC", style.RC | {"figure.constrained_layout.use": False})


def cells(folder: Path, *specs: Spec) -> tuple[Cell, ...]:
    return load(synthetic.write(folder, specs, [PART], steps=8)).cells(PART)


@pytest.fixture(scope="module")
def eight(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cell, ...]:
    return cells(tmp_path_factory.mktemp("eight"), *HACKING)


@pytest.mark.parametrize(("width", "shape"), [("text", (2, 4)), ("column", (4, 2))])
def test_overoptimisation(eight: tuple[Cell, ...], width: style.Width, shape: tuple[int, int]) -> None:
    with style.styled():
        figure = hacking.overoptimisation(eight, width)
    assert figure is not None
    axes = figure.axes
    grid = axes[0].get_subplotspec().get_gridspec()
    assert (grid.nrows, grid.ncols) == shape
    assert sum(t.get_text() == "no proxy" for a in axes for t in a.texts) == 2
    titles = [a.get_title(loc="left" if width == "column" else "center") for a in axes]
    assert [t for t in titles if t] == [
        "verifier",
        "reward model, 8000 pairs",
        "reward model, 100 pairs",
        "random reward",
    ]
    true = axes[0]
    assert BASE in [line.get_ydata()[0] for line in true.lines if line.get_linestyle() == ":"]
    # two algorithms of two seeds and a mean each, the base model, the start
    assert len(true.lines) == 2 * 3 + 2
    last_true = axes[3] if width == "text" else axes[6]
    assert true.get_shared_y_axes().joined(true, last_true)
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["PPO", "GRPO", "base model", "start"]


def test_calibration_names_each_model_once(eight: tuple[Cell, ...]) -> None:
    with style.styled():
        figure = hacking.calibration(eight, "text")
    assert figure is not None
    texts = [t.get_text() for t in figure.legends[0].get_texts()]
    assert texts == [
        "perfectly calibrated",
        "8000 pairs: 85.0 % of 200 held-out pairs right",
        "100 pairs: 60.0 % of 200 held-out pairs right",
    ]


def test_eight_cells_get_a_panel_for_each_reward(eight: tuple[Cell, ...]) -> None:
    with style.styled():
        curves = learning.learning_curves(eight, "text")
        stability = learning.stability(eight, "column")
    assert curves is not None
    assert stability is not None
    assert len(curves.axes) == 3 * 4
    assert len(stability.axes) % 4 == 0
    assert [t.get_text() for t in curves.legends[0].get_texts()] == ["PPO", "GRPO"]


def test_cells_of_one_reward_and_algorithm_keep_their_own_looks(tmp_path: Path) -> None:
    twins = cells(tmp_path, CELLS[1], replace(CELLS[1], name="twin", label="PPO again"))
    assert [label for _, label in panels.looks(twins).values()] == ["PPO, verifier", "PPO again"]


@pytest.mark.usefixtures("quick_figures")
@pytest.mark.parametrize(
    ("specs", "parts", "expected"),
    [
        (HACKING[:2], [PART], set()),  # the verifier alone
        (HACKING[2:4], [SYSTEMS], set()),
        (HACKING[2:3], [PART], {"overoptimisation", "calibration", "proxy"}),
        (HACKING[6:], [PART], {"overoptimisation"}),  # a random reward has no proxy
        (CELLS, [PART], {"overoptimisation", "proxy"}),  # nothing recorded of the reward model
        ([replace(HACKING[2], more=lambda *_: {"train/kl_to_reference": None})], [PART], {"calibration", "proxy"}),
    ],
    ids=["verifier", "systems", "learned", "random", "no-facts", "no-kl"],
)
def test_drawn_exactly_when_there_is_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, specs: list[Spec], parts: list, expected: set[str]
) -> None:
    monkeypatch.setattr(draw, "INCHES", {"text": style.INCHES["text"]})
    monkeypatch.setattr(draw, "COST", {})
    monkeypatch.setattr(draw, "LEARNING", {k: draw.LEARNING[k] for k in draw.OF_REWARDS})
    study = load(synthetic.write(tmp_path / "study", specs, parts, steps=4))
    drawn = draw.draw(study, tmp_path / "figures")
    assert {d.kind for d in drawn} == expected


@pytest.mark.usefixtures("quick_figures")
def test_the_page_has_the_figures_the_tables_and_the_headlines(tmp_path: Path) -> None:
    page = reports.build(synthetic.write(tmp_path, HACKING, [PART], steps=8))
    html, markdown = page.read_text(), (page.parent / "report.md").read_text()
    for text in (html, markdown):
        assert "Rewards that are not the verifier" in text
        assert "True reward and proxy at the end of training" in text
        assert "is no evidence" in text
        assert text.count("(claim f.random)") == 1
    assert {p.name for p in (page.parent / "tables").iterdir()} >= {
        f"{table}-learning.{suffix}" for table in ("reward-models", "overoptimisation") for suffix in ("csv", "tex")
    }
    assert "Wilson" in (page.parent / "tables/reward-models-learning.tex").read_text()


@pytest.mark.usefixtures("quick_figures")
def test_a_study_of_the_verifier_has_no_such_section(tmp_path: Path) -> None:
    html = reports.build(synthetic.write(tmp_path, CELLS[1:], [PART], steps=4)).read_text()
    assert "Rewards that are not the verifier" not in html
