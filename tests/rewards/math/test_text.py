"""What cleaning removes from an answer, and what it must keep."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_bench.rewards.math.text import cleaned, squeezed, without_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("42.", "42"), ("42...", "42..."), ("$42$", "42"), ("{42}", "42"), ("{1}{2}", "{1}{2}"),
        ("\\left( 1, 2 \\right)", "( 1, 2 )"), ("\\dfrac12", "\\frac{1}{2}"), ("10,\\!080", "10,080"),
        ("5 cm", "5"), ("5\\text{ cm}", "5"), ("5\\,\\mathrm{cm}^2", "5"), ("\\text{ cm}", "\\text{ cm}"),
        ("5\\text{ or }", "5\\text{ or }"), ("90^\\circ", "90"), ("\\sin 90^\\circ", "\\sin 90^\\circ"),
        ("50\\text{ percent}", "50%"), ("\u22125", "-5"), ("\\leq", "\\le"),
        ("\\( 9 \\)", "9"), ("\\[ 9 \\]", "9"), ("$$ 9 $$", "9"), ("x = \\(9\\)", "x =  9"), ("4\\(2\\)", "4 2"),
        ("4$2$", "4 2"), ("1\\$000", "1 000"), ("9\\textnormal{ miles}", "9"), ("28 pct", "28%"), ("28 percent", "28%"),
        ("28\\textnormal{ per cent}", "28%"), ("x\\not=5", "x\\ne 5"), ("x\\not < 5", "x\\ge  5"),
        ("x \\neq 3", "x \\ne  3"),
        ("x != 3", "x \\ne  3"), ("3!=6", "3!=6"), ("x\\not\\in A", "x\\notin  A"), ("x == 5", "x = 5"),
        ("\\begin{matrix}1\\\\[2pt]3\\end{matrix}", "\\begin{matrix}1\\\\[2pt]3\\end{matrix}"),
        ("4\u00b2", None), ("4\x002", None), ("__import__", None),
    ],
)  # fmt: skip
def test_cleaning(text: str, expected: str | None) -> None:
    assert expected == cleaned(text)


@given(st.text(st.sampled_from("0123456789+-*/^_{}()[]\\,.=<>!|%$ aexorpi"), max_size=40))
def test_cleaning_lengthens_at_most_in_proportion(text: str) -> None:
    once = cleaned(text)
    assert once is None or len(once) <= 4 * len(text) + 10


@pytest.mark.parametrize(
    ("text", "number"),
    [("42 apples", "42"), ("1,000 square feet", "1,000"), ("42 or 43", None), ("42", None), ("2 x", None),
     ("5 million", None), ("42 of all the many apples", None)],
)  # fmt: skip
def test_words_after_a_number(text: str, number: str | None) -> None:
    assert number == without_words(text)


def test_white_space_counts_only_between_digits() -> None:
    assert squeezed("x + \\text{a b} y") == "x+aby"
    assert squeezed("4 2") == squeezed("4\\,2") != squeezed("42")
