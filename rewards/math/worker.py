"""Equality of expressions by computer algebra, in a worker process that forks for every comparison.

SymPy and math-verify's LaTeX parser, imported here and by what only this module imports, can hang, recurse without end
and exhaust memory, so they run in a process that can be killed.  math-verify's own comparison is not used: it rounds to
six decimals, and equality here is exact.
"""

from __future__ import annotations

import json
import os
import resource
from typing import Any, cast

from sympy import Expr, Float, Rational

from rlvr_bench.rewards.math import latex, structure, zero
from rlvr_bench.rewards.math.equality import Leaf, Question, equal
from rlvr_bench.rewards.math.structure import Node
from rlvr_bench.rewards.workers import fork_server

MEMORY_BYTES = 1 << 30


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


def compare(gold: Node, answer: Node) -> bool | None:
    """Whether two answers are the same; None where that depends on a question that is undecided.

    Raises:
        ValueError: a part that cannot be read.
    """
    known: dict[tuple[str, str, Question], bool | None] = {}

    def assuming(doubtful: bool) -> Leaf:
        def leaf(gold: str, answer: str, question: Question) -> bool:
            asked = gold, answer, question
            if asked not in known:
                known[asked] = same(*asked)
            verdict = known[asked]
            return doubtful if verdict is None else verdict

        return leaf

    if equal(gold, answer, assuming(False)):
        return True
    return None if None in known.values() and equal(gold, answer, assuming(True)) else False


def same(gold: str, answer: str, question: Question) -> bool | None:
    """The answer to a question about two texts, exact; None is undecided.

    Raises:
        ValueError: one of them cannot be read.
    """
    if question == "matrix":
        first, second = latex.read_matrix(gold), latex.read_matrix(answer)
        if first.shape != second.shape:
            return False
        cells = [zero.same(a, b) for a, b in zip(first.flat(), second.flat(), strict=True)]
        return False if False in cells else None if None in cells else True
    a, b = expression(gold), expression(answer)
    if question == "expression":
        return zero.same(a, b)
    return zero.proportional(a, b, positive=question == "inequality")


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
            note = {"equal": compare(gold, structure.parse(job["answer"]))}
    except MemoryError:
        os._exit(fork_server.OUT_OF_MEMORY)
    except Exception as error:  # a parser may raise anything
        note = {"error": f"{type(error).__name__}: {error}"[:200]}
    os.write(notes, json.dumps(note).encode())


def _read_all(node: Node) -> None:
    if node.kind == "expression":
        expression(node.text)
    elif node.kind == "matrices":
        latex.read_matrix(node.text)
    for part in node.parts:
        _read_all(part)


def main() -> None:
    """Warm up and serve jobs."""
    same("\\frac{\\sqrt{8}}{2}+x", "x+\\sqrt{2}", "expression")
    import latex2sympy2_extended

    latex2sympy2_extended.latex2sympy("\\frac{1}{2}")
    fork_server.serve(_child)
