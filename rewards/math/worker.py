"""Equality of expressions by computer algebra, in a worker process that forks for every comparison.

The only module, besides `latex.py`, that imports SymPy and math-verify's LaTeX parser.  Both can hang, recurse
without end and exhaust memory, so they run in a process that can be killed.  math-verify's own comparison is not
used: it rounds to six decimals, and equality here is exact.
"""

from __future__ import annotations

import json
import os
import random
import resource
from typing import Any, cast

import sympy
from sympy import Expr, Float, Rational

from rlvr_bench.rewards.math import latex, structure
from rlvr_bench.rewards.math.structure import Node
from rlvr_bench.rewards.workers import fork_server

MEMORY_BYTES = 1 << 30

_POINTS = 3
_DIGITS = 60


def expression(text: str) -> Expr:
    """The expression that a text means: by our own parser, else by math-verify's.

    Raises:
        ValueError: neither can read it.
    """
    try:
        return latex.read(text)
    except latex.NotAnExpression as error:
        # Only for these commands: the other parser accepts any garbage.
        if "\\" not in text or not any(name in text for name in ("\\sum", "\\prod", "\\int", "\\lim")):
            raise
        from latex2sympy2_extended import latex2sympy

        try:
            parsed: Any = latex2sympy(text)
            value = parsed.doit()
        except Exception as other:
            raise ValueError(f"{error}; {type(other).__name__}") from other
        if not isinstance(value, Expr):
            raise ValueError(f"{error}; not an expression") from error
        return cast(Expr, value.replace(lambda part: isinstance(part, Float), lambda part: Rational(str(part))))


def same(gold: str, answer: str, equation: bool) -> bool:
    """Exact equality of two expressions; of two equations `... = 0`, up to a factor that is a number."""
    a, b = expression(gold), expression(answer)
    if not equation:
        return _is_zero(a - b)
    if _is_zero(a) or _is_zero(b):
        return _is_zero(a) and _is_zero(b)
    ratio = sympy.simplify(a / b)
    return bool(ratio.is_number and ratio.is_finite and ratio != 0)


def _is_zero(difference: Any) -> bool:
    """By simplification, after evaluation at a few points, where most wrong answers already differ."""
    if difference in (sympy.nan, sympy.zoo):
        return False
    if difference.is_number and difference.is_Rational:
        return difference == 0
    symbols = sorted(difference.free_symbols, key=str)
    generator = random.Random(0)
    zeros = 0
    for _ in range(_POINTS if symbols else 1):
        point = {
            symbol: Rational(generator.randint(10**5, 10**6), generator.randint(10**4, 10**5)) for symbol in symbols
        }
        value = difference.subs(point).evalf(_DIGITS, maxn=10 * _DIGITS)
        if not value.is_number or not value.is_finite:
            continue
        if abs(value) > sympy.Float(10) ** (-_DIGITS // 2):
            return False
        zeros += 1
    if zeros and not symbols:
        return True  # sixty digits: enough for any constant not constructed to deceive
    if sympy.expand(difference) == 0:
        return True
    return bool(sympy.simplify(difference) == 0) or (zeros == _POINTS and difference.equals(0) is not False)


def _child(job: dict[str, Any], notes: int, output: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file can be written, even if a parser is tricked into trying
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        gold = structure.parse(job["gold"])
        if job["answer"] is None:
            _read_all(gold)
            note: dict[str, Any] = {"equal": True}
        else:
            note = {"equal": structure.equal(gold, structure.parse(job["answer"]), same)}
    except MemoryError:
        os._exit(fork_server.OUT_OF_MEMORY)
    except Exception as error:  # a parser may raise anything
        note = {"error": f"{type(error).__name__}: {error}"[:200]}
    os.write(notes, json.dumps(note).encode())


def _read_all(node: Node) -> None:
    if node.kind == "expression":
        expression(node.text)
    for part in node.parts:
        _read_all(part)


def main() -> None:
    """Warm up and serve jobs."""
    same("\\frac{\\sqrt{8}}{2}+x", "x+\\sqrt{2}", False)
    import latex2sympy2_extended

    latex2sympy2_extended.latex2sympy("\\frac{1}{2}")
    fork_server.serve(_child)
