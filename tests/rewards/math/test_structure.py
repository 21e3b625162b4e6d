"""Shapes of answers, and equality that is decided without computer algebra."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rlvr_bench.rewards.math.structure import Node, equal, parse


def same_text(gold: str, answer: str, equation: bool) -> bool:
    """In place of the computer algebra: expressions are equal when their texts are."""
    return gold.replace(" ", "") == answer.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("42", "number"), ("1\\frac{4}{5}", "number"), ("-\\infty", "infinity"), ("\\text{NaN}", "nan"),
        ("52_{8}", "base"), ("\\text{even}", "text"), ("even", "text"), ("3 or 4", "hedge"),
        ("1, 2", "list"), ("\\pm 3", "list"), ("(1,2)", "()"), ("[1,2)", "[)"), ("\\{1,2\\}", "{}"),
        ("\\emptyset", "{}"), ("(0,1)\\cup(2,3)", "union"), ("x=5", "assign"), ("x+1=5", "relation"),
        ("3<x<5", "relation"), ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "matrix"), ("x+1", "expression"),
        ("((5))", "number"), ("x%", "expression"), ("(" * 50 + "x" + ")" * 50, "expression"),
    ],
)  # fmt: skip
def test_kinds(text: str, kind: str) -> None:
    assert kind == parse(text).kind


def test_parts_and_values() -> None:
    assert parse("1\\frac{4}{5}").value == Fraction(9, 5)
    assert [part.text for part in parse("(1, \\frac{1}{2}, x)").parts] == ["1", "\\frac{1}{2}", "x"]
    assert [part.text for part in parse("1,000, 2").parts] == ["1,000", "2"]
    assert [part.text for part in parse("1 \\pm x").parts] == ["1 + x", "1 - x"]
    assert parse("x \\leq 3".replace("\\leq", "<=")).operators == ("\\le",)


@pytest.mark.parametrize(
    ("gold", "answer", "same"),
    [
        ("0.5", "1/2", True), ("1, 2", "2, 1", True), ("1,1,2", "1,2,2", False), ("(1,2)", "(2,1)", False),
        ("\\{1,2\\}", "\\{2,1,1\\}", True), ("\\{1,2\\}", "1, 2", True), ("\\{1,2\\}", "(1,2)", False),
        ("(1,2)", "[1,2]", False), ("x=5", "5", True), ("x=5", "y=5", False), ("x=5", "y=x+5", False),
        ("3 < x", "x > 3", True), ("3 < x", "x < 3", False), ("\\text{even}", "even", True), ("nan", "nan", False),
        ("x+1", "x + 1", True), ("x+1", "x+2", False), ("5", "5 apples", True), ("5", "5 x", False),
        ("(0,1)\\cup(2,3)", "(2,3)\\cup(0,1)", True), ("3 or 4", "3", False),
    ],
)  # fmt: skip
def test_equality(gold: str, answer: str, same: bool) -> None:
    assert same == equal(parse(gold), parse(answer), same_text)


def test_an_equation_reaches_the_leaf_as_a_difference() -> None:
    asked: list[tuple[str, str, bool]] = []

    def leaf(gold: str, answer: str, equation: bool) -> bool:
        asked.append((gold, answer, equation))
        return True

    assert equal(parse("2x-y=1"), parse("y+1=2x"), leaf)
    assert asked == [("(2x-y)-(1)", "(y+1)-(2x)", True)]


def test_two_empty_shapes_are_equal_only_as_sets() -> None:
    empty = Node("()", "a")
    assert not equal(empty, Node("()", "b"), same_text)
    assert equal(parse("\\{\\}"), parse("\\emptyset"), same_text)
