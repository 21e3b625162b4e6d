"""Exact equality by computer algebra."""

from __future__ import annotations

import pytest
import sympy

from rlvr_bench.rewards.math.powers import NotAnExpression
from rlvr_bench.rewards.math.structure import parse
from rlvr_bench.rewards.math.worker import compare, expression, same


@pytest.mark.parametrize(
    ("gold", "answer", "equal"),
    [
        ("2\\sqrt{2}", "\\sqrt{8}", True), ("\\sqrt{8}", "2.828", False), ("(x+1)^2", "x^2+2x+1", True),
        ("(x+1)^2", "x^2+1", False), ("\\sin^2 x+\\cos^2 x", "1", True), ("\\frac{1}{0}", "5", False),
        ("\\sqrt{3+2\\sqrt{2}}", "1+\\sqrt{2}", True), ("x", "y", False), ("\\pi", "3.14159265358979", False),
        ("e^{\\pi\\sqrt{163}}", "262537412640768744", False),  # differs after 12 decimals
        ("\\sum_{k=1}^{3} k", "6", True),
    ],
)  # fmt: skip
def test_expressions(gold: str, answer: str, equal: bool) -> None:
    assert equal == same(gold, answer, "expression")


@pytest.mark.parametrize(
    ("gold", "answer", "equal"),
    [("10x-14y+8", "5x-7y+4", True), ("10x-14y+9", "5x-7y+4", False), ("x-x", "0", True), ("x-x", "y", False),
     ("x^2-1", "x-1", False)],
)  # fmt: skip
def test_equations_are_equal_up_to_a_factor_that_is_a_number(gold: str, answer: str, equal: bool) -> None:
    assert equal == same(gold, answer, "equation")


def test_the_other_parser_reads_only_sums_products_integrals_and_limits() -> None:
    assert expression("\\int_0^1 x dx") == sympy.Rational(1, 2)
    with pytest.raises(ValueError, match="unknown"):
        expression("\\unknown{3}")


A = "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"
UNDECIDED = "e^{\\sqrt{2+10^{-500}}}"


@pytest.mark.parametrize(
    ("gold", "answer", "equal"),
    [
        ("\\begin{pmatrix}2&4\\\\6&8\\end{pmatrix}", f"{A}+{A}", True),
        ("\\begin{pmatrix}2&4\\\\6&8\\end{pmatrix}", f"2{A}", True),
        ("\\begin{pmatrix}7&10\\\\15&22\\end{pmatrix}", f"{A} \\cdot {A}", True),  # 1 + 6, 2 + 8; 3 + 12, 6 + 16
        ("\\begin{pmatrix}1&3\\\\2&4\\end{pmatrix}", f"{A}^T", True),
        (f"{A}", f"-{A}", False),
        (f"{A}", "\\begin{pmatrix}1&2\\end{pmatrix}+\\begin{pmatrix}0&0\\end{pmatrix}", False),
    ],
)
def test_expressions_of_matrices(gold: str, answer: str, equal: bool) -> None:
    assert equal == same(gold, answer, "matrix")


@pytest.mark.parametrize("answer", [f"{A}+1", f"1/{A}", f"{A}+\\begin{{pmatrix}}1\\end{{pmatrix}}", f"\\sin {A}"])
def test_matrices_that_do_not_fit_cannot_be_read(answer: str) -> None:
    with pytest.raises(NotAnExpression):
        same(A, answer, "matrix")


def test_an_answer_is_undecided_only_where_nothing_else_decides_it() -> None:
    assert compare(parse(f"({UNDECIDED}, 3)"), parse("(e^{\\sqrt{2}}, 3)")) is None
    assert compare(parse(f"({UNDECIDED}, 3)"), parse("(e^{\\sqrt{2}}, 4)")) is False
    assert compare(parse(f"({UNDECIDED}, 3)"), parse(f"({UNDECIDED}, 3)")) is True
