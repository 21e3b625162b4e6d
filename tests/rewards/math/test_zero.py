"""The promise "exact": what is the same is proven, what is not is disproven, and the rest is undecided, never equal.

Each verdict in the tables is known by hand: an identity of school algebra, or a difference with its first digit.
"""

from __future__ import annotations

import pytest
import sympy
from sympy import I, Rational, Symbol, root, sqrt

from rlvr_bench.rewards.math import zero
from rlvr_bench.rewards.math.latex import read
from rlvr_bench.rewards.math.worker import same

x, y = Symbol("x"), Symbol("y")

PROVEN = [
    # Roots, nested roots, and roots of roots.
    ("\\sqrt{8}", "2\\sqrt{2}"), ("\\frac{1}{\\sqrt{2}}", "\\frac{\\sqrt{2}}{2}"),
    ("\\sqrt{3+2\\sqrt{2}}", "1+\\sqrt{2}"), ("\\sqrt{5+2\\sqrt{6}}", "\\sqrt{2}+\\sqrt{3}"),
    ("\\sqrt{4+\\sqrt{15}}+\\sqrt{4-\\sqrt{15}}", "\\sqrt{10}"), ("\\sqrt{\\sqrt{16}}", "2"),
    ("\\sqrt[3]{2+\\sqrt{5}}+\\frac{-1}{\\sqrt[3]{2+\\sqrt{5}}}", "1"), ("\\sqrt[3]{-8}", "-2"),
    ("\\sqrt[3]{\\sqrt[3]{2}-1}", "\\sqrt[3]{1/9}-\\sqrt[3]{2/9}+\\sqrt[3]{4/9}"),  # Ramanujan
    ("\\sqrt{\\sqrt[3]{5}-\\sqrt[3]{4}}", "\\frac{1}{3}(\\sqrt[3]{2}+\\sqrt[3]{20}-\\sqrt[3]{25})"),  # Ramanujan
    ("\\sqrt{2}\\sqrt{3}\\sqrt{5}", "\\sqrt{30}"), ("(1+\\sqrt{2})^{10}", "3363+2378\\sqrt{2}"),
    ("\\frac{1}{\\sqrt{2}+\\sqrt{3}+\\sqrt{5}}", "\\frac{2\\sqrt{3}+3\\sqrt{2}-\\sqrt{30}}{12}"),
    ("\\sqrt{-4}", "2i"), ("(1+i)^2", "2i"), ("\\frac{1}{1+i}", "\\frac{1-i}{2}"),
    ("(\\frac{1+\\sqrt{5}}{2})^2", "\\frac{3+\\sqrt{5}}{2}"),
    ("\\sqrt{2+10^{-40}}\\cdot 10^{20}", "\\sqrt{2\\cdot 10^{40}+1}"),
    # Angles that are rational parts of pi.
    ("\\sin 15^\\circ", "\\frac{\\sqrt{6}-\\sqrt{2}}{4}"), ("\\cos 36^\\circ", "\\frac{1+\\sqrt{5}}{4}"),
    ("\\cos\\frac{\\pi}{7}\\cos\\frac{2\\pi}{7}\\cos\\frac{3\\pi}{7}", "\\frac{1}{8}"),
    ("\\cos\\frac{2\\pi}{7}+\\cos\\frac{4\\pi}{7}+\\cos\\frac{6\\pi}{7}", "-\\frac{1}{2}"),
    ("\\tan\\frac{3\\pi}{11}+4\\sin\\frac{2\\pi}{11}", "\\sqrt{11}"),
    # Numbers beyond roots.
    ("\\frac{\\pi}{2}+\\frac{\\pi}{3}", "\\frac{5\\pi}{6}"), ("(\\pi+1)^2", "\\pi^2+2\\pi+1"), ("\\ln 4", "2\\ln 2"),
    ("\\ln 6", "\\ln 2+\\ln 3"), ("\\log_2 10", "1+\\log_2 5"), ("\\frac{\\ln 9}{\\ln 3}", "2"), ("e^{\\ln 5}", "5"),
    ("(e-1)(e+1)", "e^2-1"), ("e^{i\\pi}", "-1"), ("\\sqrt{\\pi^2}", "\\pi"), ("\\log_4 8", "\\frac{3}{2}"),
    ("\\sqrt{2}\\pi+\\pi", "(1+\\sqrt{2})\\pi"), ("\\sin^2 1+\\cos^2 1", "1"), ("\\arctan 1", "\\frac{\\pi}{4}"),
    # Functions.
    ("(x+1)^2", "x^2+2x+1"), ("\\frac{x^2-1}{x-1}", "x+1"), ("\\frac{1}{x}-\\frac{1}{x+1}", "\\frac{1}{x(x+1)}"),
    ("(x+\\sqrt{2})(x-\\sqrt{2})", "x^2-2"), ("\\sin^2 x+\\cos^2 x", "1"), ("\\sin 2x", "2\\sin x\\cos x"),
    ("\\sqrt{x^2}", "|x|"), ("\\ln x^2", "2\\ln x"), ("e^{x+1}", "e\\cdot e^x"), ("2^{x+3}", "8\\cdot 2^x"),
    ("\\frac{a}{b}\\cdot\\frac{b}{c}", "\\frac{a}{c}"), ("(\\sqrt{x})^2", "x"), ("\\cos 2x", "1-2\\sin^2 x"),
    ("\\pi x+\\pi y", "\\pi(x+y)"), ("\\sqrt{12}x", "2\\sqrt{3}x"), ("\\tan x\\cos x", "\\sin x"),
]  # fmt: skip
DISPROVEN = [
    # Differences far below what floating point, or thirty digits, can tell.
    ("\\sqrt{2+10^{-40}}", "\\sqrt{2}"), ("\\sqrt{2+10^{-400}}", "\\sqrt{2}"), ("\\sqrt{2}+10^{-900}", "\\sqrt{2}"),
    ("1+10^{-5000}", "1"), ("\\sqrt{10^{100}+1}", "10^{50}"), ("\\pi+10^{-60}", "\\pi"),
    ("e^{\\pi\\sqrt{163}}", "262537412640768744"),
    ("\\pi(1+10^{-2000})", "\\pi"), ("e+10^{-2000}", "e"), ("x+10^{-900}", "x"), ("x(1+10^{-900})", "x"),
    ("\\sqrt{2}x+10^{-300}", "\\sqrt{2}x"), ("\\sin 15^\\circ+10^{-200}", "\\frac{\\sqrt{6}-\\sqrt{2}}{4}"),
    # sqrt(1000001) + sqrt(1000025) + sqrt(1000031) against its known near miss: they differ first at 1e-37.
    ("\\sqrt{1000001}+\\sqrt{1000025}+\\sqrt{1000031}+\\sqrt{1000084}+\\sqrt{1000087}+\\sqrt{1000134}+\\sqrt{1000158}"
     "+\\sqrt{1000182}+\\sqrt{1000198}",
     "\\sqrt{1000002}+\\sqrt{1000018}+\\sqrt{1000042}+\\sqrt{1000066}+\\sqrt{1000113}+\\sqrt{1000116}+\\sqrt{1000169}"
     "+\\sqrt{1000175}+\\sqrt{1000199}"),
    ("\\frac{22}{7}", "\\pi"), ("\\frac{355}{113}", "\\pi"), ("3.14159265358979323846", "\\pi"),
    ("1.41421356237309504880", "\\sqrt{2}"),
    ("0.333333333333333333333", "\\frac{1}{3}"), ("\\frac{1}{0}", "5"), ("e^\\pi", "\\pi^e"),
    ("\\ln 2", "0.693147180559945309"),
    ("|x|", "x"), ("\\sqrt{x^2}", "x"), ("x^2+1", "(x+1)^2"), ("x", "y"), ("\\sin x", "x"),
    ("\\frac{x^2-1}{x-1}", "x-1"),
    ("\\sqrt[3]{-8}", "1+\\sqrt{3}i"), ("-\\sqrt{2}", "\\sqrt{2}"), ("\\sqrt{2}", "-\\sqrt{2}"), ("i", "-i"),
    ("\\sqrt{-4}", "-2i"),
    ("x^{100}", "x^{101}"), ("2^x", "x^2"),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b"), PROVEN)
def test_equal_ones_are_proven(a: str, b: str) -> None:
    assert (same(a, b, "expression"), same(b, a, "expression")) == (True, True)


@pytest.mark.parametrize(("a", "b"), DISPROVEN)
def test_different_ones_are_told_apart_however_small_the_difference(a: str, b: str) -> None:
    assert (same(a, b, "expression"), same(b, a, "expression")) == (False, False)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        # The first is true (Machin 1706), but beyond the rules here; the others differ below every evaluation.
        ("16\\arctan\\frac{1}{5}-4\\arctan\\frac{1}{239}", "\\pi"),
        ("e^{\\sqrt{2+10^{-500}}}", "e^{\\sqrt{2}}"),
        ("\\ln(2+10^{-500})", "\\ln 2"),
        ("\\sin(1+10^{-500})", "\\sin 1"),
        ("\\pi^{\\sqrt{2+10^{-500}}}", "\\pi^{\\sqrt{2}}"),
    ],
)
def test_what_no_rule_decides_is_undecided_and_not_equal(a: str, b: str) -> None:
    assert same(a, b, "expression") is None


def test_numbers_that_have_no_value_are_not_zero() -> None:
    for number in (sympy.nan, sympy.zoo, sympy.oo, sympy.oo - 1):
        assert zero.is_zero(number) is False


@pytest.mark.parametrize(
    ("a", "b", "equation", "inequality"),
    [
        ("10x-14y+8", "5x-7y+4", True, True),
        ("-x+1", "x-1", True, False),
        ("\\sqrt{2}x-\\sqrt{2}", "x-1", True, True),
        ("\\pi x-\\pi", "1-x", True, False),
        ("x-1", "x-1-10^{-50}", False, False),
        ("x^2-1", "x-1", False, False),
        ("x-x", "y-y", True, True),
        ("x-x", "y", False, False),
        ("ix", "x", True, False),
    ],
)
def test_proportional(a: str, b: str, equation: bool, inequality: bool) -> None:
    found = [zero.proportional(read(a), read(b), positive=positive) for positive in (False, True)]
    assert [equation, inequality] == found


def test_positive_numbers() -> None:
    assert [zero.is_positive(n) for n in (sqrt(2) - 1, 1 - sqrt(2), I)] == [True, False, False]
    assert zero.is_positive(Rational(1, 10**50) + 1 - sqrt(1)) is True


def test_variables_are_real_and_both_sides_must_have_a_value() -> None:
    assert zero.same(sqrt(x**2), sympy.Abs(x)) is True
    assert zero.same(sympy.log(x**2), 2 * sympy.log(x)) is True  # where ln x has a value, x is positive
    assert zero.same(root(x, 3), root(y, 3)) is False
