"""Whether two answers are the same mathematical object, by their shapes.

Different kinds are unequal even where their elements are equal.  Where expressions must be compared, the caller does it
(`Leaf`), so this module needs no computer algebra.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from rlvr_bench.rewards.math.structure import Node, is_name
from rlvr_bench.rewards.math.text import squeezed, without_words
from rlvr_bench.rewards.numbers import parse_number

Question = Literal["expression", "matrix", "equation", "inequality"]
"""Whether two expressions, or two expressions of matrices, are the same; whether two equations `... = 0`, of which the
left sides are given, are the same up to a factor that is a number; whether two inequalities `... > 0` are, up to a
positive one."""

Leaf = Callable[[str, str, Question], bool]
"""Answers a question about two texts."""

_FLIPPED = {"<": ">", ">": "<", "\\le": "\\ge", "\\ge": "\\le", "=": "=", "\\ne": "\\ne"}
_QUESTIONS: dict[str, Question] = {"<": "inequality", "\\le": "inequality", "=": "equation", "\\ne": "equation"}


def equal(gold: Node, answer: Node, leaf: Leaf) -> bool:
    """Whether two answers are the same mathematical object."""
    kinds = {gold.kind, answer.kind}
    if "nan" in kinds:
        return False
    if squeezed(gold.text) == squeezed(answer.text) and gold.kind == answer.kind:
        return True
    if "hedge" in kinds:
        return False
    if "assign" in kinds or "relation" in kinds:
        return _equal_relations(gold, answer, leaf)
    if gold.kind == "number" and answer.kind == "number":
        return gold.value == answer.value
    if gold.kind == "number" and answer.kind == "expression":
        number = without_words(answer.text)
        value = None if number is None else parse_number(number)
        if value is not None:
            return gold.value == value
    if "text" in kinds:
        return squeezed(gold.text).strip("()") == squeezed(answer.text).strip("()")
    if kinds <= {"number", "expression"}:
        return leaf(_expression(gold), _expression(answer), "expression")
    if "matrices" in kinds and kinds <= {"matrices", "matrix"}:
        return leaf(gold.text, answer.text, "matrix")
    return _equal_collections(gold, answer, leaf)


def _equal_collections(gold: Node, answer: Node, leaf: Leaf) -> bool:
    if {gold.kind, answer.kind} == {"list", "{}"}:  # the elements of a set, listed
        return len(gold.parts) == len(answer.parts) and _matched(gold.parts, answer.parts, leaf)
    if gold.kind != answer.kind:
        return False
    if gold.kind == "{}":
        forth = all(any(equal(a, b, leaf) for b in answer.parts) for a in gold.parts)
        return forth and all(any(equal(a, b, leaf) for a in gold.parts) for b in answer.parts)
    if len(gold.parts) != len(answer.parts):
        return False
    if gold.kind in ("list", "union"):
        return _matched(gold.parts, answer.parts, leaf)
    return bool(gold.parts) and all(equal(a, b, leaf) for a, b in zip(gold.parts, answer.parts, strict=True))


def _matched(gold: Sequence[Node], answer: Sequence[Node], leaf: Leaf) -> bool:
    """Whether two collections are equal in some order; greedy matching is enough, since equality is transitive."""
    left = list(answer)
    for node in gold:
        match = next((other for other in left if equal(node, other, leaf)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def _equal_relations(gold: Node, answer: Node, leaf: Leaf) -> bool:
    if gold.kind == answer.kind == "assign":
        same = squeezed(gold.parts[0].text) == squeezed(answer.parts[0].text)
        return same and gold.operators == answer.operators and equal(gold.parts[1], answer.parts[1], leaf)
    if gold.kind == "assign" and answer.kind != "relation":
        return equal(gold.parts[1], answer, leaf)
    if answer.kind == "assign" and gold.kind != "relation":
        return equal(gold, answer.parts[1], leaf)
    if gold.kind not in ("assign", "relation"):
        return _every_side_equals(gold, answer, leaf)
    if gold.operators == answer.operators == ("=",):
        curves = all(re.search("[A-Za-z]", node.parts[-1].text) for node in (gold, answer) if node.kind == "assign")
        return curves and leaf(_difference(*gold.parts), _difference(*answer.parts), "equation")
    if len(gold.parts) != len(answer.parts) or {gold.kind, answer.kind} != {"relation"}:
        return False
    return _equal_side_by_side(gold, answer, leaf) or _equal_comparisons(gold, answer, leaf)


def _every_side_equals(gold: Node, answer: Node, leaf: Leaf) -> bool:
    """`x = 2 + 3 = 5` for 5; in `5 + 5 + 1 = 7 = 11` one side is wrong, so all of it is."""
    sides = answer.parts[1:] if is_name(answer.parts[0].text) else answer.parts
    return set(answer.operators) == {"="} and all(equal(gold, side, leaf) for side in sides)


def _equal_side_by_side(gold: Node, answer: Node, leaf: Leaf) -> bool:
    """The same relation, perhaps read from right to left."""
    backwards = tuple(_FLIPPED.get(operator, "?") for operator in reversed(answer.operators))
    for parts, operators in ((answer.parts, answer.operators), (answer.parts[::-1], backwards)):
        if operators == gold.operators and all(equal(a, b, leaf) for a, b in zip(gold.parts, parts, strict=True)):
            return True
    return False


def _equal_comparisons(gold: Node, answer: Node, leaf: Leaf) -> bool:
    """`-x > -1` and `x < 1`: the same comparisons after terms are moved and factors are divided out."""
    wanted, left = _comparisons(gold), _comparisons(answer)
    if not wanted or len(wanted) != len(left):
        return False
    for operator, text in wanted:
        match = next((o for o in left if o[0] == operator and leaf(text, o[1], _QUESTIONS[operator])), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _comparisons(node: Node) -> list[tuple[str, str]]:
    """The neighbors in a chain, as operators and differences that are above, or are not, zero; none where it is not one
    of expressions."""
    if any(part.kind not in ("number", "expression") for part in node.parts):
        return []
    found = []
    for small, operator, large in zip(node.parts, node.operators, node.parts[1:], strict=False):
        if operator in (">", "\\ge"):
            small, operator, large = large, _FLIPPED[operator], small
        if operator not in _QUESTIONS:
            return []
        found.append((operator, _difference(large, small)))
    return found


def _expression(node: Node) -> str:
    return node.text if node.value is None else str(node.value)


def _difference(left: Node, right: Node) -> str:
    return f"({_expression(left)})-({_expression(right)})"
