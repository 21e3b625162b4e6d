"""Exact equality by computer algebra."""

from __future__ import annotations

import pytest
import sympy

from rlvr_bench.rewards.math.worker import expression, same


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
    assert equal == same(gold, answer, False)


@pytest.mark.parametrize(
    ("gold", "answer", "equal"),
    [("10x-14y+8", "5x-7y+4", True), ("10x-14y+9", "5x-7y+4", False), ("x-x", "0", True), ("x-x", "y", False),
     ("x^2-1", "x-1", False)],
)  # fmt: skip
def test_equations_are_equal_up_to_a_factor_that_is_a_number(gold: str, answer: str, equal: bool) -> None:
    assert equal == same(gold, answer, True)


def test_the_other_parser_reads_only_sums_products_integrals_and_limits() -> None:
    assert expression("\\int_0^1 x dx") == sympy.Rational(1, 2)
    with pytest.raises(ValueError, match="unknown"):
        expression("\\unknown{3}")
