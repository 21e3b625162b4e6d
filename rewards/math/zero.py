"""Whether two expressions are the same: proven, disproven, or undecided.  Nothing is ever rounded into equality.

- Numbers of rationals and roots, sines of rational angles included: always decided (`separation.py`), up to a size.
- Rational functions of variables, and polynomials in pi or in e, with such coefficients: always decided.
- Anything else is different where an evaluation proves it, and the same where rewriting makes the difference zero.
  What neither settles is undecided, such as e^sqrt(2) against a number that differs from it by 1e-500.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import sympy
from sympy import Dummy, Expr, Integer, Rational

from rlvr_bench.rewards.math import separation

_POINTS = 6
_POINT_BITS, _POINT_DIGITS = 1 << 8, 60  # at a point only a difference counts, and most are large
_DIGITS, _MAX_DIGITS = 15, 400
_MAX_FACTORED = 10**12
_SIMPLIFIED = 400  # operations; above, simplification takes longer than any deadline


def is_zero(number: Any) -> bool | None:
    """Whether a number is zero; None is undecided.  What is not a number, as 1/0, is no zero."""
    if number.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
        return False
    if number.is_Rational:
        return bool(number == 0)
    number = separation.algebraic_form(number)
    try:
        return separation.is_zero(number)
    except separation.NotAlgebraic:
        value = _evaluated(number)
        return False if value is not None and value != 0 else _proven_same(number, [], positive=True)


def same(a: Expr, b: Expr) -> bool | None:
    """Whether two expressions are the same number or function; variables are real, and both must have a value."""
    difference: Any = a - b
    symbols = sorted(difference.free_symbols, key=str)
    if not symbols:
        return is_zero(difference)
    if difference.has(sympy.nan, sympy.zoo):
        return False
    both_signs = difference.is_rational_function(*symbols)
    # A rational function has values everywhere, and its coefficients decide.
    for point, positive in _points(symbols, 1 if both_signs else _POINTS):
        left, right = a.subs(point), b.subs(point)
        if not _has_value(left) or not _has_value(right):
            continue
        # Where a root or a logarithm of a negative number appears on one side, the point is outside its domain.
        if not positive and not (_is_real(left) and _is_real(right)):
            continue
        both_signs = both_signs or not positive
        if _differs_from_zero(left - right):
            return False
    return _proven_same(difference, symbols, positive=not both_signs)


def proportional(a: Expr, b: Expr, *, positive: bool) -> bool | None:
    """Whether one expression is a number other than 0, or a positive number, times the other."""
    zeros = same(a, Integer(0)), same(b, Integer(0))
    if True in zeros:
        return True if zeros[0] == zeros[1] else None if None in zeros else False
    for point, _ in _points(sorted(a.free_symbols | b.free_symbols, key=str)):
        left, right = a.subs(point), b.subs(point)
        if not _has_value(left) or not _has_value(right) or is_zero(right) is not False:
            continue
        if is_zero(left) is True:
            return False
        verdict = same(a, left / right * b)
        return is_positive(left / right) if verdict and positive else verdict
    return None


def is_positive(number: Expr) -> bool | None:
    """Whether a number is real and above zero."""
    value = _evaluated(number)
    if value is None:
        return None
    real, imaginary = value.as_real_imag()
    return bool(real > 0 and (imaginary == 0 or is_zero(number - sympy.conjugate(number))))


def _points(symbols: Sequence[Any], count: int = _POINTS) -> Iterator[tuple[Any, bool]]:
    """Rational values of the variables, and whether all are positive; first positive ones, then of both signs."""
    generator = random.Random(0)
    for turn in range(count):
        positive = turn < (count + 1) // 2
        point = {}
        for symbol in symbols:
            sign = -1 if not positive and (not point or generator.random() < 0.5) else 1
            point[symbol] = sign * Rational(generator.randint(2, 99), generator.choice((7, 11, 13)))
        yield point, positive


def _has_value(number: Any) -> bool:
    return bool(number.is_number) and not number.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)


def _is_real(number: Any) -> bool:
    if number.is_real is not None:
        return bool(number.is_real)
    value = _evaluated(number)
    return value is not None and value.is_real is True


def _evaluated(number: Any, most: int = _MAX_DIGITS) -> Any:
    """A value whose digits are all right; None where cancellation leaves none."""
    try:
        value = number.evalf(_DIGITS, maxn=most, strict=True)
    except (sympy.core.evalf.PrecisionExhausted, ValueError, TypeError, NotImplementedError):
        return None
    return value if value.is_number and value.is_finite else None


def _differs_from_zero(number: Any) -> bool:
    """Whether a quick evaluation tells a number from zero."""
    if number.is_Rational:
        return bool(number != 0)
    try:
        return separation.is_zero(separation.algebraic_form(number), _POINT_BITS) is False
    except separation.NotAlgebraic:
        value = _evaluated(number, _POINT_DIGITS)
        return value is not None and value != 0


def _proven_same(difference: Any, symbols: Sequence[Any], *, positive: bool) -> bool | None:
    """Whether a difference, which no evaluation told from 0, is 0 by rewriting."""
    known = {symbol: Dummy(symbol.name, real=True, positive=positive or None) for symbol in symbols}
    difference = difference.xreplace(known)
    verdict = _polynomial_is_zero(difference)
    if verdict is None and sympy.count_ops(difference) <= _SIMPLIFIED:
        simple = sympy.simplify(difference)
        verdict = True if simple == 0 else _polynomial_is_zero(simple)
    return verdict


def _polynomial_is_zero(difference: Any) -> bool | None:
    """By the coefficients of the numerator, as a polynomial in its variables and in the numbers beyond roots.

    All coefficients 0 proves zero whatever the rest is.  One that is not disproves it only for true polynomials.
    """
    difference, numbers = _with_generators(separation.algebraic_form(difference))
    generators = difference.free_symbols
    numerator = sympy.expand(sympy.fraction(sympy.together(difference))[0])
    grouped: dict[Any, Any] = {}
    for term in sympy.Add.make_args(numerator):
        coefficient, rest = term.as_independent(*generators, as_Add=False)
        grouped[rest] = grouped.get(rest, Integer(0)) + coefficient
    zeros = []
    for coefficient in grouped.values():
        try:
            zeros.append(separation.is_zero(coefficient))
        except separation.NotAlgebraic:
            zeros.append(None)
    if all(zeros):
        return True
    independent = len(numbers) <= 1 and numbers <= {"pi", "e"}  # Lindemann: no polynomial has pi or e as its root
    true_polynomial = all(rest.is_polynomial(*generators) for rest in grouped)
    return False if independent and true_polynomial and False in zeros else None


def _is_small_logarithm(part: Any) -> bool:
    """The logarithm of a number that is quickly factored."""
    number = part.args[0] if isinstance(part, sympy.log) else None
    return isinstance(number, Rational) and max(abs(int(number.p)), int(number.q)) < _MAX_FACTORED


def _with_generators(difference: Any) -> tuple[Any, set[str]]:
    """The expression with pi, powers of e, logarithms and other numbers beyond roots as variables, and their names."""
    difference = difference.replace(_is_small_logarithm, lambda part: sympy.expand_log(part, factor=True))
    unit = Dummy("e", positive=True)
    names: set[str] = set()

    def variable(part: Any) -> Any:
        if part == sympy.E or (isinstance(part, sympy.exp) and part.args[0].is_Rational):
            names.add("e")
            return unit ** (part.args[0] if isinstance(part, sympy.exp) else 1)
        names.add("pi" if part == sympy.pi else str(part))
        return Dummy(str(part), positive=part.is_positive)

    atoms = difference.atoms(sympy.NumberSymbol, sympy.Function)
    whole = [part for part in atoms if not part.free_symbols]
    replaced = {part: variable(part) for part in sorted(whole, key=sympy.count_ops, reverse=True)}
    return difference.xreplace(replaced), names
