"""Whether an algebraic number is zero: proven by an interval and a separation bound, without factoring anything.

An expression of rationals, sums, products, powers and roots is a quotient a/b of algebraic integers.  In a field of
degree at most D (the product of the degrees of its roots), a number a that is not 0 has a norm that is an integer and
not 0, so |a| >= u^(1-D), where u bounds all its conjugates; with |b| <= l the whole is at least u^(1-D) / l.  An
interval narrower than that decides.
Source: Burnikel, Funke, Mehlhorn, Schirra, Schmitt, "A separation bound for real algebraic expressions" (2001); the
argument uses absolute values only, so it holds for complex numbers too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import sympy
from mpmath import mp, mpc, mpf
from sympy import Add, Expr, I, Integer, Mul, Pow, Rational

MAX_BITS = 1 << 17
"""The most precise interval that is tried; it takes about a second."""

_FIRST_BITS = 128
_SLACK_BITS = 64  # more than what rounding the logarithms below can lose


class NotAlgebraic(ValueError):
    """A number outside what the bound covers, such as pi."""


def is_zero(number: Expr, max_bits: int = MAX_BITS) -> bool | None:
    """Whether an algebraic number is zero; None where it has no value, or where so many bits do not tell.

    Raises:
        NotAlgebraic: the expression is more than rationals, sums, products, powers and roots.
    """
    degrees: dict[tuple[Expr, int], int] = {}
    upper, lower = _logarithms(number, degrees)
    degree = math.prod(degrees.values())
    needed = math.ceil((degree - 1) * upper + lower + _SLACK_BITS) if degree < MAX_BITS else None
    bits = _FIRST_BITS
    while bits <= max_bits:
        try:
            with mp.workprec(bits):
                ball = _ball(number, bits)
                distance = abs(ball.middle)
                if distance > 2 * ball.radius:
                    return False
                if needed is not None and distance + ball.radius < mpf(2) ** -needed:
                    return True
        except _TooWide:
            pass
        bits *= 4
    return None


def algebraic_form(number: Any) -> Any:
    """The number with sines and cosines of rational parts of pi as sums of roots of unity."""
    return number.replace(_is_regular, _as_roots)


def _is_regular(part: Any) -> bool:
    known = isinstance(part, sympy.sin | sympy.cos | sympy.tan | sympy.cot | sympy.sec | sympy.csc)
    return known and (part.args[0] / sympy.pi).is_Rational


def _as_roots(part: Any) -> Expr:
    turn = part.args[0] / sympy.pi
    forth, back = Pow(-1, turn), Pow(-1, -turn)
    cosine, sine = (forth + back) / 2, (forth - back) / (2 * I)
    forms = {
        sympy.sin: sine, sympy.cos: cosine, sympy.tan: sine / cosine,
        sympy.cot: cosine / sine, sympy.sec: 1 / cosine, sympy.csc: 1 / sine,
    }  # fmt: skip
    return forms[part.func]


def _logarithms(number: Expr, degrees: dict[tuple[Expr, int], int]) -> tuple[float, float]:
    """Base-2 logarithms of u and l; `degrees` collects the roots, each once however often it is used."""
    if isinstance(number, Rational):
        return float(abs(int(number.p)).bit_length()), float(int(number.q).bit_length())
    if number is I:
        degrees[Integer(-1), 2] = 2
        return 0.0, 0.0
    if isinstance(number, Add | Mul):
        parts = [_logarithms(part, degrees) for part in number.args]  # type: ignore[arg-type]
        below = sum(lower for _, lower in parts)
        if isinstance(number, Mul):
            return sum(upper for upper, _ in parts), below
        return max(upper + below - lower for upper, lower in parts) + math.log2(len(parts)), below
    if isinstance(number, Pow) and isinstance(number.exp, Rational):
        power, root = int(number.exp.p), int(number.exp.q)
        upper, lower = _logarithms(number.base, degrees)
        if root > 1:
            degrees[number.base, root] = root
            # The root of a/b is that of a b^(k-1) over b, and a over that of a^(k-1) b: whichever is smaller.
            first, second = ((upper + (root - 1) * lower) / root, lower), (upper, ((root - 1) * upper + lower) / root)
            upper, lower = min(first, second, key=sum)
        return (upper * power, lower * power) if power > 0 else (-power * lower, -power * upper)
    raise NotAlgebraic(str(number)[:80])


class _TooWide(ArithmeticError):
    """An interval that contains zero where that must be excluded."""


@dataclass(frozen=True)
class _Ball:
    """A complex interval: every number not farther from the middle than the radius."""

    middle: Any
    radius: Any
    is_real: bool
    """The number meant is real, so that its root does not depend on which side of the cut rounding put it."""


def _ball(number: Expr, bits: int) -> _Ball:
    """An interval that contains the number, rounding included.

    Raises:
        _TooWide: more bits are needed to tell a divisor from 0 or the side of a branch cut.
    """
    if isinstance(number, Rational):
        middle = mpf(int(number.p)) / int(number.q)
        return _rounded(mpc(middle), mpf(0), bits, True)
    if number is I:
        return _Ball(mpc(0, 1), mpf(0), False)
    if isinstance(number, Pow):
        assert isinstance(number.exp, Rational)
        base = _ball(number.base, bits)
        if number.exp.q > 1:
            base = _root(base, int(number.exp.q), bits, base.is_real or number.base.is_real is True)
        return _power(base, int(number.exp.p), bits)
    balls = [_ball(part, bits) for part in number.args]  # type: ignore[arg-type]
    total = balls[0]
    for ball in balls[1:]:
        total = _sum(total, ball, bits) if isinstance(number, Add) else _product(total, ball, bits)
    return total


def _rounded(middle: Any, radius: Any, bits: int, is_real: bool) -> _Ball:
    """The ball with what the last operations can have lost: a few units in the last place, counted as 256."""
    return _Ball(middle, radius * (1 + mpf(2) ** -20) + abs(middle) * mpf(2) ** (8 - bits), is_real)


def _sum(a: _Ball, b: _Ball, bits: int) -> _Ball:
    return _rounded(a.middle + b.middle, a.radius + b.radius, bits, a.is_real and b.is_real)


def _product(a: _Ball, b: _Ball, bits: int) -> _Ball:
    radius = abs(a.middle) * b.radius + abs(b.middle) * a.radius + a.radius * b.radius
    return _rounded(a.middle * b.middle, radius, bits, a.is_real and b.is_real)


def _power(ball: _Ball, power: int, bits: int) -> _Ball:
    """By repeated squaring, so that every step is rounded into the radius."""
    if power < 0:
        return _inverse(_power(ball, -power, bits), bits)
    total, square = _Ball(mpc(1), mpf(0), True), ball
    while power:
        if power & 1:
            total = _product(total, square, bits)
        square = _product(square, square, bits) if power > 1 else square
        power >>= 1
    return total


def _inverse(ball: _Ball, bits: int) -> _Ball:
    distance = abs(ball.middle)
    if distance <= 2 * ball.radius:
        raise _TooWide
    return _rounded(1 / ball.middle, ball.radius / (distance * (distance - ball.radius)), bits, ball.is_real)


def _root(ball: _Ball, degree: int, bits: int, is_real: bool) -> _Ball:
    """The principal root."""
    middle = mpc(mp.re(ball.middle), 0) if is_real else ball.middle
    distance = abs(middle)
    if distance <= 2 * ball.radius:  # perhaps 0, whose root is 0
        return _rounded(mpc(0), mp.root(distance + ball.radius, degree), bits, False)
    if not is_real and mp.re(middle) < ball.radius and abs(mp.im(middle)) <= ball.radius:
        raise _TooWide  # perhaps on either side of the negative axis
    nearest = distance - ball.radius
    radius = ball.radius * mp.root(nearest, degree) / (degree * nearest)
    return _rounded(mp.root(middle, degree), radius, bits, is_real and mp.re(middle) > 0)
