"""Widths of printed columns: what is a number, where texts break, and which width and font a table gets."""

from __future__ import annotations

import pytest

from rlvr_bench.reports.page.latex.layout import COLUMN, GAP, TEXT, joined, layout


def test_a_small_table_fits_a_column_of_the_page() -> None:
    made = layout(("cell", "pass@1"), (("PPO", "0.500"), ("GRPO", "0.600")))
    assert (made.wide, made.size, made.heights) == (False, 9, (1, 1, 1))
    assert [c.numeric for c in made.columns] == [False, True]


@pytest.mark.parametrize(
    "cells",
    [
        ("0.638 [0.577, 0.699]", "—"),
        ("5.27 [5.21, 5.33] GiB",),
        ("40.00 (exact)", "none"),
        ("3 of 5 (evaluation, gradient)", "0 of 5"),
        ("< .001", ".020", "1"),
        ("40.3 % [38.5 %, 41.9 %]",),
        ("134,515,008", ""),
        ("0.9 (n = 1, no interval)",),
    ],
)
def test_numbers_are_recognized(cells: tuple[str, ...]) -> None:
    assert [c.numeric for c in layout(("a",), [(c,) for c in cells]).columns] == [True]


@pytest.mark.parametrize("cells", [("3 paired seeds",), ("none", "all"), ("1.55 times", "2.0"), ("2.0: a", "1")])
def test_texts_are_recognized(cells: tuple[str, ...]) -> None:
    assert [c.numeric for c in layout(("a",), [(c,) for c in cells]).columns] == [False]


def test_an_interval_breaks_only_before_its_bracket() -> None:
    made = layout(("a",), (("0.638 [0.577, 0.699]",), ("2 of 3 (evaluation, gradient)",)))
    assert [[p.text for p in cell] for cell in made.columns[0].cells[1:]] == [
        ["0.638", "[0.577, 0.699]"],
        ["2 of 3", "(evaluation,", "gradient)"],
    ]


def test_long_words_break_behind_their_punctuation_and_units_stay_with_their_number() -> None:
    text = "memory.states.four-model is 40 % fewer"
    made = layout(("a", "b"), ((text, "x" * 30),))
    first, second = (c.cells[1] for c in made.columns)
    assert [p.text for p in first] == ["memory.", "states.", "four-", "model", "is", "40 %", "fewer"]
    assert joined(first) == text
    assert [len(p.text) for p in second] == [14, 14, 2]


def test_a_table_of_texts_fills_the_page_and_no_more() -> None:
    words = "GRPO's measured peak memory is at least forty percent below that of PPO. " * 3
    made = layout(("claim", "in words", "effect"), (("memory.peak", words, "so"), ("time.step", "short", words)))
    assert made.wide
    assert made.size == 8
    total = sum(made.widths) + GAP * 2
    # the last column grows as long as it saves a line, which takes less than 50 points
    assert TEXT - 50 < total <= TEXT
    assert made.heights[0] == 1


def test_numbers_break_only_where_the_page_is_too_narrow() -> None:
    interval = "0.942 [0.935, 0.949]"
    assert layout(("cell",) + ("x",) * 5, (("PPO", *[interval] * 5),)).heights == (1, 1)
    assert layout(("cell",) + ("x",) * 8, (("PPO", *[interval] * 8),)).heights == (1, 2)


def test_more_columns_than_fit_are_cut_to_the_page() -> None:
    made = layout(("x",) * 40, (("12345",) * 40,))
    assert sum(made.widths) + GAP * 39 == pytest.approx(TEXT, abs=1e-6)
    assert COLUMN < TEXT
