"""Exact numbers: what is one, what is not."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_bench.rewards.numbers import parse_number, written_out

NUMBERS = {
    "42": Fraction(42),
    "007": Fraction(7),
    "-5": Fraction(-5),
    "\u22125": Fraction(-5),
    "- 5": Fraction(-5),
    "+5": Fraction(5),
    "5.": Fraction(5),
    "5.50": Fraction(11, 2),
    ".5": Fraction(1, 2),
    "1,000": Fraction(1000),
    "1{,}000": Fraction(1000),
    "1\\,000": Fraction(1000),
    "12,345,678.25": Fraction(49382713, 4),
    "1/2": Fraction(1, 2),
    "-6 / 4": Fraction(-3, 2),
    "\\frac{1}{2}": Fraction(1, 2),
    "-\\dfrac{ -1 }{4}": Fraction(1, 4),
    "\\tfrac{1}{-4}": Fraction(-1, 4),
    "50%": Fraction(1, 2),
    "50\\%": Fraction(1, 2),
    "12.5 %.": Fraction(1, 8),
    "$18": Fraction(18),
    "\\$1,000.50": Fraction(2001, 2),
    "-$5": Fraction(-5),
    "$5$": Fraction(5),
    " 3\n": Fraction(3),
    "1e3": Fraction(1000),
    "1e-5": Fraction(1, 100000),
    "-2.5E+2": Fraction(-250),
    "1E-05": Fraction(1, 100000),
    "28 percent": Fraction(7, 25),
    "28 pct.": Fraction(7, 25),
    "1\\,000{,}000": Fraction(1000000),
    "1{,}000,000": Fraction(1000000),
    "9" * 1000: Fraction(10**1000 - 1),
}
OTHERS = [
    *(
        "",
        ".",
        "-",
        "$",
        "%",
        "/",
        "\\frac{}{}",
        "3 or 4",
        "3, 4",
        "1,2,3",
        "1,23",
        "0,123",
        "1,0000",
        "1 000",
        "5..",
        "--5",
    ),
    *(
        "4²",
        "４２",
        "٤",
        "4\x002",
        "4_2",
        "1e1000",
        "1e",
        "e-5",
        "1e3.5",
        "1 e3",
        "1/2e3",
        "28 per",
        "28pctx",
        "0x10",
        "inf",
        "nan",
        "1/0",
        "\\frac{1}{0}",
        "1/2/3",
        "5 cm",
        "x=5",
        "(5)",
    ),
    *("1{,}00,000", "1\\frac{1}{2}", "\\frac{1}{2", "9" * 1001),
]


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers(text):
    assert parse_number(text) == NUMBERS[text]


@pytest.mark.parametrize("text", OTHERS)
def test_others(text):
    assert parse_number(text) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3))
def test_decimals_are_exact(value: Decimal):
    assert parse_number(f"{value:f}") == Fraction(value)
    assert parse_number(f"{value:,f}") == Fraction(value)


@given(st.text(alphabet="0123456789.,-+/\\%${} frac\u2212²", max_size=30))
def test_never_raises(text):
    assert isinstance(parse_number(text), Fraction | None)


def test_numbers_of_json_are_written_out():
    numbers = [0.00001, 1e23, -2.5e-7, 5.0, 42, -1]
    texts = ["0.00001", "100000000000000000000000", "-0.00000025", "5.0", "42", "-1"]
    assert texts == [written_out(number) for number in numbers]


def test_hostile_lengths_take_linear_time(ends_within):
    with ends_within(10):
        for piece in ("1,", "1,111", "1", "1 ", "1/", "\\frac{", "{,}", "1.", " ", "-"):
            parse_number(piece * (1000 // len(piece)))
            parse_number(piece * 400_000)
