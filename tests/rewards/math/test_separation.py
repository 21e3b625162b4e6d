"""Zero tests of algebraic numbers against identities, near misses and a brute-force bound."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import I, Integer, Pow, Rational, pi, root, sqrt

from rlvr_bench.rewards.math.separation import NotAlgebraic, algebraic_form, is_zero


def unevaluated(base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
    return Pow(base, exponent, evaluate=False)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (sqrt(3 + 2 * sqrt(2)) - 1 - sqrt(2), True),
        (sqrt(3 + 2 * sqrt(2)) - 1 - sqrt(2) + Rational(1, 10**300), False),
        (unevaluated(Integer(8), Rational(1, 2)) - 2 * sqrt(2), True),
        (root(2 + sqrt(5), 3) - (1 + sqrt(5)) / 2, True),  # ((1 + s)/2)^3 = (16 + 8 s)/8 = 2 + s with s = sqrt 5
        (root(2 + sqrt(5), 5) - (1 + sqrt(5)) / 2, False),
        (1 / (sqrt(2) - 1) - sqrt(2) - 1, True),
        (sqrt(I) - (1 + I) / sqrt(2), True),  # ((1 + i)/sqrt 2)^2 = 2i/2
        (sqrt(-I) - (1 - I) / sqrt(2), True),
        (root(-1, 3) - (1 + sqrt(3) * I) / 2, True),
        (sqrt(-2 - sqrt(2)) - I * sqrt(2 + sqrt(2)), True),
        (sqrt(sqrt(2) - sqrt(2 + Rational(1, 10**30))), False),
        (sqrt(2) * 0, True),
        (Integer(10) ** -3000 + sqrt(2) - sqrt(2), False),
    ],
)
def test_identities_and_near_misses(number: sympy.Expr, expected: bool) -> None:
    assert is_zero(number) is expected


def test_a_root_of_zero_is_zero() -> None:
    hidden = sqrt(3 + 2 * sqrt(2)) - 1 - sqrt(2)
    assert is_zero(unevaluated(hidden, Rational(1, 2))) is True


def test_what_has_no_value_is_not_decided() -> None:
    hidden = sqrt(3 + 2 * sqrt(2)) - 1 - sqrt(2)
    assert is_zero(1 / hidden, 1 << 11) is None


def test_too_few_bits_decide_nothing() -> None:
    tiny = sqrt(2 + Rational(1, 10**200)) - sqrt(2)
    assert (is_zero(tiny, 256), is_zero(tiny)) == (None, False)


def test_a_degree_beyond_every_bound_is_not_decided_but_a_difference_still_is() -> None:
    """The cosine of pi / 10^300 is 1 - 5e-600 or so, and its degree is about 10^300."""
    cosine = algebraic_form(sympy.cos(pi / Integer(10) ** 300))
    assert (is_zero(cosine - 1, 1 << 9), is_zero(cosine - 2)) == (None, False)


def test_other_numbers_are_refused() -> None:
    for number in (pi, sympy.E, sympy.log(2), 1 + sqrt(pi), Integer(2) ** sqrt(2)):
        with pytest.raises(NotAlgebraic):
            is_zero(number)


@pytest.mark.parametrize("turn", [Rational(1, 7), Rational(2, 9), Rational(5, 11), Rational(-3, 13)])
def test_sines_of_rational_angles_become_roots_of_unity(turn: sympy.Rational) -> None:
    sine, cosine, tangent = (f(turn * pi) for f in (sympy.sin, sympy.cos, sympy.tan))
    assert is_zero(algebraic_form(sine**2 + cosine**2 - 1)) is True
    assert is_zero(algebraic_form(sine / cosine - tangent)) is True
    assert is_zero(algebraic_form(sine - cosine)) is False
    assert abs(complex(algebraic_form(sine).evalf()) - complex(sine.evalf())) < 1e-12


@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_sums_of_roots_are_zero_exactly_where_their_square_free_parts_cancel(left, right) -> None:
    """Square roots of different square-free integers are independent over the rationals (Besicovitch 1940)."""
    coefficients: dict[int, Fraction] = {}
    for sign, n in [*((1, n) for n in left), *((-1, n) for n in right)]:
        square = max(d for d in range(1, n + 1) if n % (d * d) == 0)
        coefficients[n // square**2] = coefficients.get(n // square**2, Fraction(0)) + sign * square
    roots = [sign * unevaluated(Integer(n), Rational(1, 2)) for sign, n in
             itertools.chain(((1, n) for n in left), ((-1, n) for n in right))]  # fmt: skip
    assert is_zero(sympy.Add(*roots, evaluate=False)) is not any(coefficients.values())
