"""Numbers, powers and roots: exact values, and what is refused because of its size."""

from __future__ import annotations

import pytest
from sympy import I, Integer, Rational, Symbol, sqrt
from sympy import ImmutableDenseMatrix as Matrix

from rlvr_bench.rewards.math.powers import NotAnExpression, number, power, root

x = Symbol("x")


def test_numbers() -> None:
    assert number("1e-5") == Rational(1, 100000) and number("1.5E+3") == 1500 and number("2.") == 2
    assert number(".5") == Rational(1, 2) and number("1e-0005") == number("1e-5")
    with pytest.raises(NotAnExpression, match="exponent"):
        number("1e5000")


def test_roots() -> None:
    assert root(Integer(-8), Integer(3)) == -2  # the real one; the principal one is 1 + sqrt(3) i
    assert root(Integer(-4), Integer(2)) == 2 * I and root(Integer(8), Integer(2)) == 2 * sqrt(2)


def test_powers() -> None:
    matrix = Matrix([[1, 2], [3, 4]])
    assert power(matrix, Integer(2)) == Matrix([[7, 10], [15, 22]])  # 1 + 6, 2 + 8; 3 + 12, 6 + 16
    assert power(matrix, Symbol("T")) == Matrix([[1, 3], [2, 4]])
    assert power(x, Integer(2)) == x**2
    for base, exponent in ((Integer(9), Integer(9**9)), (matrix, Integer(51)), (matrix, x)):
        with pytest.raises(NotAnExpression, match="power"):
            power(base, exponent)
