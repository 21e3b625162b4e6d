"""LaTeX becomes exact SymPy expressions; what is unknown or too large raises."""

from __future__ import annotations

import pytest
import sympy
from sympy import Abs, Expr, Rational, Symbol, oo, pi, sqrt

from rlvr_bench.rewards.math.latex import MAX_DEPTH, read, read_matrix
from rlvr_bench.rewards.math.powers import NotAnExpression

x, y = Symbol("x"), Symbol("y")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1", Rational(1, 10)), (".5", Rational(1, 2)), ("2.", Rational(2)), ("-3", Rational(-3)),
        ("2x", 2 * x), ("2 \\cdot x", 2 * x), ("xy", x * y), ("x/2y", x * y / 2), ("6 \\div -3", Rational(-2)),
        ("1-2-3", Rational(-4)), ("-x^2", -(x**2)), ("x^{-1}", 1 / x), ("2**3", Rational(8)),
        ("2^3^2", Rational(512)), ("\\frac{1}{x}", 1 / x), ("\\sqrt{8}", 2 * sqrt(2)), ("\\sqrt[3]{27}", Rational(3)),
        ("5!", Rational(120)), ("50\\%", Rational(1, 2)), ("\\binom{5}{2}", Rational(10)), ("|x|", Abs(x)),
        ("\\lfloor 2.5 \\rfloor", Rational(2)), ("\\lceil 2.5 \\rceil", Rational(3)), ("180^\\circ", pi),
        ("\\sin 2x", sympy.sin(2 * x)), ("\\sin^2 x", sympy.sin(x) ** 2), ("\\log_2 8", Rational(3)),
        ("e", sympy.E), ("i^2", Rational(-1)), ("\\infty", oo), ("\\pi", pi), ("x_{1}'", Symbol("x_1'")),
        ("\\theta", Symbol("theta")), ("2(x+1)", 2 * (x + 1)), ("1e-5", Rational(1, 100000)), ("2.5E3x", 2500 * x),
        ("2e - 5", 2 * sympy.E - 5), ("2e^2", 2 * sympy.E**2), ("\\sqrt[3]{-8}", Rational(-2)),
    ],
)  # fmt: skip
def test_expressions(text: str, expected: Expr) -> None:
    assert read(text) - expected == 0 or read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "x+", "(x", "x)", "4 2", "x 2", "\\unknown{3}", "\\sqrt12", "\\sin^{-1} x", "?", "\\frac{1}",
        "9^{9^{9^9}}", "10000!", "(-1)!", "\\binom{100000}{2}", "(" * (MAX_DEPTH + 1) + "x" + ")" * (MAX_DEPTH + 1),
        "\\input{/etc/passwd}", "1e1000", "\\begin{pmatrix}1\\end{pmatrix}", "\\begin{vmatrix}1\\end{vmatrix}",
    ],
)  # fmt: skip
def test_anything_else_raises(text: str) -> None:
    with pytest.raises(NotAnExpression):
        read(text)


def test_matrices() -> None:
    column = "\\begin{pmatrix} 1 \\\\ x \\end{pmatrix}"
    assert read_matrix(f"{column} - 2\\begin{{array}}{{c}} x \\\\ 0 \\end{{array}}") == sympy.Matrix([1 - 2 * x, x])
    for text in ("5", f"{column}+1", f"{column}/{column}", f"{column}{column}", f"\\frac{{1}}{{{column}}}"):
        with pytest.raises(NotAnExpression):
            read_matrix(text)
