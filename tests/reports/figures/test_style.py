"""Sizes of a paper, and files that hold neither date nor version."""

from __future__ import annotations

from pathlib import Path

import matplotlib
from matplotlib import pyplot
from matplotlib.artist import Artist

from rlvr_bench.reports.figures import style


def test_no_figure_is_taller_than_half_a_page() -> None:
    assert style.size("column", 2.0) == (3.25, 2.0)
    assert style.size("text", 9.0) == (6.75, 4.5)


def test_the_style_leaves_the_settings_of_the_user() -> None:
    with matplotlib.rc_context({"font.size": 30}):
        with style.styled():
            assert matplotlib.rcParams["font.size"] == style.RC["font.size"]
        assert matplotlib.rcParams["font.size"] == 30


def test_the_same_figure_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with style.styled():
            figure, axes = pyplot.subplots()
            axes.plot([0, 1], label="line")
            style.save(figure, tmp_path, name)
    files = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert len(files) == 2 * len(style.FORMATS)
    for suffix in style.FORMATS:
        assert files[f"one.{suffix}"] == files[f"two.{suffix}"]
        assert b"CreationDate" not in files[f"one.{suffix}"]


def test_a_figure_is_laid_out_once_and_drawn_once_a_format(tmp_path: Path) -> None:
    with style.styled():
        figure, axes = pyplot.subplots()
        drawn: list[object] = []
        axes.add_artist(Counted(drawn))
        style.save(figure, tmp_path, "one", ("svg", "pdf"))
    assert {p.name for p in tmp_path.iterdir()} == {"one.svg", "one.pdf"}
    assert len(drawn) == 2


class Counted(Artist):
    """An artist that counts how often it is drawn."""

    def __init__(self, drawn: list[object]) -> None:
        super().__init__()
        self.drawn = drawn

    def draw(self, renderer: object) -> None:
        self.drawn.append(renderer)
