"""Figures are drawn exactly when there is data, costs only where they were measured."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports.figures import draw, palette, style
from rlvr_bench.reports.figures.subject import Subject
from rlvr_bench.reports.load import Cell, load
from tests.reports import synthetic
from tests.reports.core import SEARCH
from tests.reports.figures.subjects import subject_of
from tests.reports.hacking import HACKING
from tests.reports.judge import learning_study
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


@pytest.mark.usefixtures("quick_figures")
def test_several_processes_draw_the_same_figures_and_pass_errors_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = learning_study(tmp_path / "study", *CELLS[1:])
    files = []
    for cores in (1, 2):
        monkeypatch.setattr(draw, "_cores", lambda cores=cores: cores)
        drawn = draw.draw(study, folder := tmp_path / str(cores), files=draw.PAGE)
        assert drawn
        files.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert files[0] == files[1]
    (tmp_path / "full").write_text("no folder")
    monkeypatch.setattr(draw, "save", lambda *_: (tmp_path / "full" / "x").write_text(""))
    with pytest.raises(NotADirectoryError):
        draw.draw(study, tmp_path / "3", files=draw.PAGE)


def drawn_with(cells: tuple[Cell, ...], width: style.Width) -> dict[str, Figure]:
    subject = subject_of(cells)
    with style.styled():
        made = {kind.name: kind.make(subject, width) for kind in draw.FIGURES if kind.about != "study"}
    return {name: figure for name, figure in made.items() if figure is not None}


@pytest.mark.parametrize("width", ["text", "column"])
@pytest.mark.parametrize("cells", ["three", "eight"])
def test_figures_have_the_widths_of_a_paper_and_half_a_page_at_most(
    cells: str, width: style.Width, request: pytest.FixtureRequest
) -> None:
    made = drawn_with(request.getfixturevalue(cells), width)
    assert len(made) >= 6
    assert {figure.get_size_inches()[0] for figure in made.values()} == {6.75 if width == "text" else 3.25}
    assert max(figure.get_size_inches()[1] for figure in made.values()) <= 4.5


def colors_of_cells(figure: Figure) -> set[tuple[str, str]]:
    """(label of a cell or of an algorithm, color) of what is drawn with it: by the legend, or by a panel's title."""
    found = set()
    for axes in figure.axes:
        title = " ".join(axes.get_title().split())
        for line in axes.lines:
            found |= {(str(line.get_label()), str(line.get_color())), (title, str(line.get_color()))}
        for band in axes.collections:
            found |= {(title, to_hex(color).upper()) for color in band.get_facecolor()}
    for legend in figure.legends:
        for text, line in zip(legend.get_texts(), legend.get_lines(), strict=False):
            found.add((text.get_text(), str(line.get_color())))
    return found


@pytest.mark.parametrize("cells", ["three", "eight"])
def test_a_cell_has_one_color_on_every_figure(cells: str, request: pytest.FixtureRequest) -> None:
    chosen = request.getfixturevalue(cells)
    blue, orange = "#0072B2", "#E69F00"
    expected = {"PPO": blue, "GRPO": orange} | {c.label: blue if c.name[0] == "p" else orange for c in chosen}
    seen = {}
    for width in ("text", "column"):
        for name, figure in drawn_with(chosen, width).items():
            found = {(label, color) for label, color in colors_of_cells(figure) if label in expected}
            assert all(color == expected[label] for label, color in found), (name, found)
            seen[name] = bool(found)
    colored = {"answer", "critic", "learning", "stability", "overoptimization", "proxy"}
    assert {name for name, any_ in seen.items() if any_} == colored


def test_bars_are_in_no_color_of_an_algorithm(three: tuple[Cell, ...]) -> None:
    made = drawn_with(three, "text")
    for name in ("memory", "time"):
        colors = {to_hex(p.get_facecolor()).upper() for axes in made[name].axes for p in axes.patches}
        assert len(colors) >= 4
        assert not colors & set(palette.ALGORITHMS)


@pytest.mark.usefixtures("quick_figures")
def test_a_remark_stands_behind_the_caption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = draw.FigureKind(
        name="mine",
        section="s",
        about="learning",
        make=empty,
        caption="A caption.",
        remark=lambda subject: subject.cells[0].label,
    )
    monkeypatch.setattr(draw, "FIGURES", (kind,))
    drawn = draw.draw(load(synthetic.write(tmp_path / "study", CELLS[2:], [PART], steps=2)), tmp_path / "figures")
    assert drawn[0].caption == "Learning to sort, tiny model. A caption. GRPO, verifier"


def empty(*_: object) -> Figure:
    return pyplot.figure(figsize=(1, 1))


@pytest.mark.usefixtures("quick_figures")
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([LEARNING, SYSTEMS], {"costs-systems", "learning-learning", "study"}),
        ([LEARNING], {"costs-learning", "learning-learning", "study"}),
        ([LEARNING, SEARCH], {"costs-learning", "learning-learning", "search-search", "study"}),
    ],
    ids=["both", "learning", "search"],
)
def test_costs_come_from_the_parts_that_measure_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: list[PartInfo], expected: set[str]
) -> None:
    kinds = [
        draw.FigureKind(name=about, section="s", about=about, make=empty, caption="c")
        for about in ("learning", "costs", "search", "study")
    ]
    monkeypatch.setattr(draw, "FIGURES", kinds)
    drawn = draw.draw(load(synthetic.write(tmp_path / "study", CELLS[2:], parts, steps=2)), tmp_path / "figures")
    assert {d.name for d in drawn} == expected
    assert {p.name for p in (tmp_path / "figures").iterdir()} == {
        f"{name}{width}.svg" for name in expected for width in ("", "-column")
    }


def test_part_names_become_file_names() -> None:
    assert draw.slug("a b/ü_1") == "a-b---1"


def test_garbage_is_collected_again_after_drawing_whatever_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def fails(subject: Subject, width: str) -> None:
        seen.append(gc.isenabled())
        raise ValueError("no figure")

    kind = draw.FigureKind(name="mine", section="s", about="study", make=fails, caption="")
    monkeypatch.setattr(draw, "FIGURES", (kind,))
    study = learning_study(tmp_path, CELLS[2], seeds=1, steps=1)
    with pytest.raises(ValueError, match="no figure"):
        draw.draw(study, tmp_path / "figures")
    assert (seen, gc.isenabled()) == ([False], True)


@pytest.mark.usefixtures("quick_figures")
def test_the_page_gets_one_format_in_one_width_and_progress_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = draw.FigureKind(
        name="mine",
        section="s",
        about="learning",
        make=lambda subject, width: pyplot.figure(figsize=(1, 1)),
        caption="",
    )
    monkeypatch.setattr(draw, "FIGURES", (kind,))
    told: list[tuple[int, str, int]] = []

    def track(items: Iterable[Any], what: str, total: int) -> Iterable[Any]:
        jobs = list(items)
        told.append((len(jobs), what, total))
        return jobs

    study = learning_study(tmp_path, CELLS[2], seeds=1, steps=1)
    draw.draw(study, tmp_path / "figures", files=draw.PAGE, track=track)
    assert [p.name for p in (tmp_path / "figures").iterdir()] == ["mine-learning.svg"]
    assert told == [(1, "Figures", 1)]
