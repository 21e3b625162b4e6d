"""LaTeX answers become SymPy expressions: exact, in linear time, and with no way to run code.

Decimals become rationals, so nothing is rounded.  Unknown notation raises, instead of being misread.  Runs in the
worker only, because it imports SymPy.
"""

from __future__ import annotations

import re
from typing import Any

import sympy
from sympy import Abs, E, Expr, I, Integer, Symbol, binomial, factorial, oo, pi
from sympy import ImmutableDenseMatrix as Matrix

from rlvr_bench.rewards.math.powers import NotAnExpression, number, power, root

MAX_FACTORIAL = 1000
MAX_DEPTH = 60

_TOKEN = re.compile(
    r"\s+|\\[, ]|(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)"
    r"|(?P<matrix>\\begin\{(?P<kind>[pb]?(?:small)?matrix|array)\}.*?\\end\{(?P=kind)\})|(?P<command>\\[A-Za-z]+)"
    r"|(?P<word>pi|sqrt|sin|cos|tan|cot|sec|csc|log|ln|exp)"
    r"|(?P<letter>[A-Za-z])|(?P<power>\*\*|\^)|(?P<mark>\\%|[-+*/_(){}\[\]|!%'])",
    re.DOTALL,
)
_MATRIX = re.compile(r"\\begin\{\w+\}(?:\{[lcr| ]*\})?(.*)\\end\{\w+\}", re.DOTALL)
_DIGIT_AHEAD = re.compile(r"(?:\s|\\[, ])+\d")
_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau "
    "upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ell"
)
_SYMBOLS = frozenset(_GREEK.split())
_FUNCTIONS: dict[str, Any] = {
    "sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan, "cot": sympy.cot, "sec": sympy.sec, "csc": sympy.csc,
    "arcsin": sympy.asin, "arccos": sympy.acos, "arctan": sympy.atan, "sinh": sympy.sinh, "cosh": sympy.cosh,
    "tanh": sympy.tanh, "ln": sympy.log, "log": sympy.log, "exp": sympy.exp,
}  # fmt: skip
_TIMES = ("\\cdot", "\\times", "*")
_OVER = ("\\div", "/")
_CONSTANTS = {"\\pi": pi, "pi": pi, "\\infty": oo, "e": E, "i": I}
_STOP = (")", "]", "}", "", "\\rfloor", "\\rceil", "\\rvert")


def read(text: str) -> Expr:
    """The expression that a text means.

    Raises:
        NotAnExpression: also for powers and factorials with too many digits.
    """
    value = _read(text)
    if isinstance(value, Matrix):
        raise NotAnExpression("a matrix where a number is expected")
    return value


def read_matrix(text: str) -> Matrix:
    """The matrix that a text means: one, or sums, products and powers of several.

    Raises:
        NotAnExpression: also for shapes that do not fit.
    """
    try:
        value = _read(text)
    except (TypeError, ValueError, NotImplementedError) as error:  # SymPy refuses shapes in several ways
        raise NotAnExpression(f"no matrix: {error}") from error
    if not isinstance(value, Matrix):
        raise NotAnExpression("a number where a matrix is expected")
    return value


def _read(text: str) -> Any:
    reader = _Reader(text)
    value = reader.sum()
    if reader.token != "":
        raise NotAnExpression(f"unexpected {reader.token!r}")
    return value


class _Reader:
    """Recursive descent; `token` is the next one, the empty text at the end."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise NotAnExpression(f"unexpected {text[position]!r}")
            if match.lastgroup:
                token = "^" if match.lastgroup == "power" else match.group()
                self._tokens.append(token)
            position = match.end()
            if (
                match.lastgroup == "number"
                and self._tokens[-2:-1] not in (["_"], ["^"])
                and _DIGIT_AHEAD.match(text, position)
            ):
                raise NotAnExpression("two numbers side by side")
        self._position = 0
        self._depth = 0
        self._bars = 0

    @property
    def token(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _take(self) -> str:
        token = self.token
        self._position += 1
        return token

    def _expect(self, wanted: str) -> None:
        if self._take() != wanted:
            raise NotAnExpression(f"expected {wanted!r}")

    def sum(self) -> Expr:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NotAnExpression("too deep")
        value: Expr = Integer(0)
        first = True
        while first or self.token in ("+", "-"):
            negative = False
            while self.token in ("+", "-"):
                negative ^= self._take() == "-"
            term = self._product()
            term = -term if negative else term
            value = term if first else value + term
            first = False
        self._depth -= 1
        return value

    def _product(self) -> Expr:
        value = self._factor()
        while True:
            token = self.token
            if token in _TIMES or token in _OVER:
                self._take()
                negative = False
                while self.token in ("+", "-"):
                    negative ^= self._take() == "-"
                other = self._factor()
                other = -other if negative else other
                if token in _OVER and isinstance(other, Matrix):
                    raise NotAnExpression("division by a matrix")
                value = value / other if token in _OVER else value * other
            elif token in ("+", "-", *_STOP) or (token == "|" and self._bars):
                return value
            elif token[0].isdigit() or token[0] == ".":
                raise NotAnExpression("a number after a factor")
            else:
                value = value * self._factor()

    def _factor(self) -> Expr:
        value = self._postfixed(self._atom())
        if self.token == "^":
            self._take()
            if self.token == "\\circ" or self._tokens[self._position : self._position + 3] == ["{", "\\circ", "}"]:
                self._position += 1 if self.token == "\\circ" else 3
                return value * pi / 180
            negative = False
            while self.token in ("+", "-"):
                negative ^= self._take() == "-"
            exponent = self._group() if self.token == "{" else self._factor()
            return self._postfixed(power(value, -exponent if negative else exponent))
        return value

    def _postfixed(self, value: Expr) -> Expr:
        while self.token in ("!", "%", "\\%"):
            if self._take() != "!":
                value = value / 100
            elif value.is_Integer and not 0 <= int(value) <= MAX_FACTORIAL:
                raise NotAnExpression("factorial out of range")
            else:
                value = factorial(value)
        return value

    def _group(self) -> Expr:
        self._expect("{")
        value = self.sum()
        self._expect("}")
        return value

    def _argument(self) -> Expr:
        """What follows a command: a group, or one digit or letter."""
        if self.token == "{":
            return self._group()
        if len(self.token) == 1 and self.token.isalnum():
            return self._atom()
        if self.token.isdigit():  # in LaTeX, \sqrt12 is the root of 1, times 2, which is hardly meant
            raise NotAnExpression("braces missing")
        return self._atom()

    def _atom(self) -> Expr:
        token = self._take()
        if not token:
            raise NotAnExpression("ends early")
        if token[0].isdigit() or token[0] == ".":
            return number(token)
        if token.startswith("\\begin{"):
            return _matrix(token)
        if token in ("(", "[", "{"):
            value = self.sum()
            self._expect({"(": ")", "[": "]", "{": "}"}[token])
            return value
        if token == "|":
            self._bars += 1
            value = self.sum()
            self._bars -= 1
            self._expect("|")
            return Abs(value)
        if token in _CONSTANTS and self.token != "_":
            return _CONSTANTS[token]
        if token.lstrip("\\") in _FUNCTIONS:
            return self._function(token.lstrip("\\"))
        if (len(token) == 1 and token.isalpha()) or token[1:] in _SYMBOLS:
            return self._symbol(token)
        return self._command(token)

    def _symbol(self, token: str) -> Expr:
        name = token.lstrip("\\")
        if self.token == "_":
            self._take()
            name += "_"
            if self.token == "{":
                self._take()
                while self.token not in ("}", ""):
                    name += self._take()
                self._expect("}")
            else:
                name += self._take()
        while self.token == "'":
            name += self._take()
        return Symbol(name)

    def _command(self, token: str) -> Expr:
        name = token.lstrip("\\")
        if name == "frac":
            over, under = self._argument(), self._argument()
            return over / under
        if name == "sqrt":
            index: Expr = Integer(2)
            if self.token == "[":
                self._take()
                index = self.sum()
                self._expect("]")
            return root(self._argument(), index)
        if name in ("binom", "dbinom", "tbinom"):
            upper, lower = self._argument(), self._argument()
            if upper.is_Integer and abs(int(upper)) > MAX_FACTORIAL:
                raise NotAnExpression("binomial out of range")
            return binomial(upper, lower)
        for opening, closing, function in (
            ("lfloor", "\\rfloor", sympy.floor),
            ("lceil", "\\rceil", sympy.ceiling),
            ("lvert", "\\rvert", Abs),
        ):
            if name == opening:
                value = self.sum()
                self._expect(closing)
                return function(value)
        raise NotAnExpression(f"unknown {token!r}")

    def _function(self, name: str) -> Expr:
        function, exponent, base = _FUNCTIONS[name], None, None
        while self.token in ("^", "_"):
            if self._take() == "^":
                exponent = self._argument()
                if exponent == -1:
                    raise NotAnExpression("inverse or reciprocal")
            else:
                base = self._argument()
        if self.token in ("(", "{", "["):
            argument = self._atom()
        else:  # \sin 2x: everything up to the next sum or function
            argument = self._factor()
            while self.token and (self.token.isalnum() or self.token in ("\\pi", "\\theta", "\\alpha")):
                if self.token.lstrip("\\") in _FUNCTIONS:
                    break
                argument = argument * self._factor()
        value = function(argument, base) if base is not None else function(argument)
        return value if exponent is None else power(value, exponent)


def _matrix(token: str) -> Any:
    match = _MATRIX.fullmatch(token)
    assert match is not None
    rows = [row.split("&") for row in match[1].split("\\\\") if row.strip()]
    return Matrix([[read(cell) for cell in row] for row in rows])
