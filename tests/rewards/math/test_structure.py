"""Shapes of answers."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rlvr_bench.rewards.math.structure import is_name, parse


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("42", "number"), ("1\\frac{4}{5}", "number"), ("-\\infty", "infinity"), ("\\text{NaN}", "nan"),
        ("52_{8}", "base"), ("\\text{even}", "text"), ("even", "text"), ("3 or 4", "hedge"),
        ("1, 2", "list"), ("\\pm 3", "list"), ("(1,2)", "()"), ("[1,2)", "[)"), ("\\{1,2\\}", "{}"),
        ("\\emptyset", "{}"), ("(0,1)\\cup(2,3)", "union"), ("x=5", "assign"), ("x+1=5", "relation"),
        ("3<x<5", "relation"), ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "matrix"), ("x+1", "expression"),
        ("2\\begin{pmatrix}1\\\\2\\end{pmatrix}", "matrices"), ("5=x", "assign"), ("not=5", "relation"),
        ("\\ne 5", "expression"), ("x \\ne 5", "relation"), ("3 \\textnormal{ or } 4", "hedge"),
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


def test_names_that_a_value_may_have() -> None:
    assert all(map(is_name, ("x", " x_1 ", "f(x)", "\\theta", "area", "AB")))
    assert not any(map(is_name, ("not", "\\not", "neq", "\\lnot", "isnt", "without", "2x", "x+y", "")))
