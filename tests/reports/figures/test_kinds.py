"""The list of figures: what is drawn of many rewards takes several pages, and is explained once."""

from __future__ import annotations

from collections import Counter

from rlvr_bench.reports.figures.kinds import FIGURES
from rlvr_bench.reports.figures.panels import PAGES
from rlvr_bench.reports.load import Cell
from tests.reports.figures.subjects import subject_of


def test_every_figure_has_its_own_name() -> None:
    assert max(Counter(kind.name for kind in FIGURES).values()) == 1
    for name in ("learning", "critic", "stability", "proxy", "overoptimization"):
        pages = [kind for kind in FIGURES if kind.name.rpartition("-")[0] == name or kind.name == name]
        assert [kind.name for kind in pages] == [name, *(f"{name}-{page}" for page in range(2, PAGES + 1))]
        assert len({kind.caption for kind in pages}) == 1


def test_what_critics_do_is_said_below_the_first_page_alone(three: tuple[Cell, ...]) -> None:
    subject = subject_of(three)
    said = {kind.name: kind.remark(subject) for kind in FIGURES if kind.name.startswith("critic")}
    assert "explained variance" in said["critic"]
    assert said["critic-2"] == said["critic-3"] == ""
