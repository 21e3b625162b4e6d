"""Equality of answers that is decided without computer algebra, and the questions that are left to it."""

from __future__ import annotations

import pytest

from rlvr_bench.rewards.math.equality import Question, equal
from rlvr_bench.rewards.math.structure import Node, parse


def same_text(gold: str, answer: str, question: Question) -> bool:
    """In place of the computer algebra: expressions are equal when their texts are."""
    return gold.replace(" ", "") == answer.replace(" ", "")


@pytest.mark.parametrize(
    ("gold", "answer", "same"),
    [
        ("0.5", "1/2", True), ("1, 2", "2, 1", True), ("1,1,2", "1,2,2", False), ("(1,2)", "(2,1)", False),
        ("\\{1,2\\}", "\\{2,1,1\\}", True), ("\\{1,2\\}", "1, 2", True), ("\\{1,2\\}", "(1,2)", False),
        ("(1,2)", "[1,2]", False), ("x=5", "5", True), ("x=5", "y=5", False), ("x=5", "y=x+5", False),
        ("3 < x", "x > 3", True), ("3 < x", "x < 3", False), ("\\text{even}", "even", True), ("nan", "nan", False),
        ("x+1", "x + 1", True), ("x+1", "x+2", False), ("5", "5 apples", True), ("5", "5 x", False),
        ("(0,1)\\cup(2,3)", "(2,3)\\cup(0,1)", True), ("3 or 4", "3", False),
        ("x=5", "5=x", True), ("5", "2+3=5", False), ("5", "5=5", True), ("5", "x=5=5", True), ("5", "x=4=5", False),
        ("7", "11 = 7 = 11", False), ("x \\ne 3", "3 \\ne x", True), ("x \\ne 3", "x = 3", False),
        ("5", "\\ne 5", False), ("5", "x \\ne 5", False), ("1<x<2", "2>x>1", True), ("1<x\\le 2", "2>x\\ge 1", False),
    ],
)  # fmt: skip
def test_equality(gold: str, answer: str, same: bool) -> None:
    assert same == equal(parse(gold), parse(answer), same_text)


def asked_about(gold: str, answer: str) -> list[tuple[str, str, Question]]:
    """The questions of a comparison, answered by yes except where two expressions themselves are compared."""
    asked: list[tuple[str, str, Question]] = []

    def leaf(gold: str, answer: str, question: Question) -> bool:
        asked.append((gold, answer, question))
        return question != "expression"

    assert equal(parse(gold), parse(answer), leaf)
    return asked


def test_an_equation_reaches_the_leaf_as_a_difference() -> None:
    assert asked_about("2x-y=1", "y+1=2x") == [("(2x-y)-(1)", "(y+1)-(2x)", "equation")]


def test_comparisons_reach_the_leaf_as_differences_above_zero() -> None:
    asked = [question for question in asked_about("x < 1", "-x > -1") if question[2] == "inequality"]
    assert asked == [("(1)-(x)", "(-x)-(-1)", "inequality")]
    chained = asked_about("1 < x \\le 2", "-2 \\le -x < -1")
    assert [question for question in chained if question[2] == "inequality"] == [
        ("(x)-(1)", "(-1)-(-x)", "inequality"),
        ("(2)-(x)", "(-x)-(-2)", "inequality"),
    ]
    assert asked_about("2x \\ne 6", "x \\ne 3")[-1] == ("(6)-(2x)", "(3)-(x)", "equation")


def test_an_expression_of_matrices_is_one_question() -> None:
    one, two = "\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}2\\\\4\\end{pmatrix}"
    assert asked_about(two, f"2{one}") == [(two, f"2{one}", "matrix")]
    assert not equal(parse("5"), parse(f"2{one}"), lambda *asked: True)


def test_two_empty_shapes_are_equal_only_as_sets() -> None:
    empty = Node("()", "a")
    assert not equal(empty, Node("()", "b"), same_text)
    assert equal(parse("\\{\\}"), parse("\\emptyset"), same_text)
