"""Numbers, powers and roots of an answer, exact and of bounded size: a tower of powers must not fill the memory."""

from __future__ import annotations

from typing import Any

from sympy import Expr, Mul, Pow, Rational, Symbol
from sympy import ImmutableDenseMatrix as Matrix

MAX_POWER_BITS = 1 << 15
MAX_EXPONENT = 999  # of `1e-5`
MAX_MATRIX_POWER = 50


class NotAnExpression(ValueError):
    """A text that this parser cannot read."""


def number(token: str) -> Expr:
    """The exact value of digits, perhaps with a point and a power of ten: `1.5e-5`."""
    digits, _, exponent = token.lower().partition("e")
    if exponent and len(exponent.lstrip("+-0")) > len(str(MAX_EXPONENT)):
        raise NotAnExpression("exponent out of range")
    return Rational(digits.rstrip(".")) * Rational(10) ** int(exponent or 0)


def root(radicand: Expr, index: Expr) -> Expr:
    """A root; an odd one of a negative number is the real one, as the sign means."""
    if index.is_Integer and int(index) % 2 == 1 and radicand.is_number and radicand.is_negative:  # type: ignore[call-overload]
        return -power(-radicand, 1 / index)
    return power(radicand, 1 / index)


def power(base: Any, exponent: Expr) -> Any:
    """A power.

    Raises:
        NotAnExpression: it is a number with too many digits, a power of a long product, or of a matrix and not an
            integer (or T, which transposes).
    """
    if isinstance(base, Matrix):
        if exponent == Symbol("T"):
            return base.T
        if not exponent.is_Integer or abs(int(exponent)) > MAX_MATRIX_POWER:  # type: ignore[call-overload]
            raise NotAnExpression("power of a matrix")
        return base**exponent
    if base.is_Rational and exponent.is_Rational and base not in (-1, 0, 1):
        bits = max(abs(int(base.p)), int(base.q)).bit_length()  # type: ignore[attr-defined]
        if bits * abs(exponent) > MAX_POWER_BITS:
            raise NotAnExpression("power too large")
    if isinstance(base, Mul) and len(base.args) > 50:
        raise NotAnExpression("power of a long product")
    return Pow(base, exponent)
