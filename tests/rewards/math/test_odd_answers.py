"""Answers that look odd and are right, and answers that look right and are wrong.

Collected from what models write, from the tables of math-verify's own tests and from attacks on the verifier.  The
difference between each pair, or its absence, is seen by hand.
"""

from __future__ import annotations

from typing import Any

import pytest

from rlvr_bench.rewards.math.verifier import UNDECIDED, MathVerifier

A = "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"
I2 = "\\begin{bmatrix}1&0\\\\0&1\\end{bmatrix}"

RIGHT: dict[str, list[tuple[str, Any]]] = {
    "numbers of JSON and powers of ten": [
        ("0.00001", 0.00001), ("0.00001", "1e-5"), ("1e-5", "0.00001"), ("10^{-5}", 1e-05),
        ("1\\times 10^{-5}", "1e-5"),
        ("1e3", "1000"), ("1000", "1e3"), ("1E3", 1000), ("1.5e-7", 1.5e-7), ("\\frac{3}{20000000}", 1.5e-07),
        ("100000000000000000000000", 1e23), ("10^{23}", 1e23), ("5e-324", 5e-324), ("-2.5e-3", "-0.0025"), ("1e0", 1.0),
        ("\\frac{1}{100000}", "1e-05"), ("1/100000", 0.00001), ("2.5\\cdot 10^{2}", "2.5e2"), ("0.1", 0.1), ("3", 3.0),
    ],
    "delimiters inside the answer": [
        ("\\( 9 \\)", "9"), ("\\[ 9 \\]", "9"), ("$$ 9 $$", "9"), ("$ 9 $", "9"), ("x = \\( 9 \\)", "9"),
        ("x = $9$", "9"), ("$x = 9$", "9"), ("\\(3\\), \\(4\\)", "4, 3"), ("$3$, $4$", "3,4"),
        ("(\\(1\\), \\(2\\))", "(1,2)"),
        ("\\( \\frac{1}{2} \\)", "0.5"), ("\\(9\\) cm", "9"), ("$9$ miles", "9"), ("\\[x^2 + 1\\]", "1 + x^2"),
        ("$$\\frac{\\sqrt{2}}{2}$$.", "\\frac{1}{\\sqrt{2}}"), ("\\{$1$, $2$\\}", "\\{1,2\\}"), ("9\\$", "9"),
        ("\\$9", "9"),
    ],
    "thousands": [
        ("1\\,000{,}000", "1000000"), ("1{,}000\\,000", "1000000"), ("1,000{,}000", "1000000"),
        ("1,000,000", "1{,}000{,}000"),
        ("12{,}345.5", "12345.5"), ("\\$1{,}000\\,000", "1000000"), ("-1\\,000", "-1000"), ("1\\,234\\,567", "1234567"),
    ],
    "units": [
        ("9\\textnormal{ miles}", "9"), ("9\\ \\textnormal{miles}", "9"), ("9 \\textnormal{ square feet}", "9"),
        ("9\\textsf{ kg}", "9"), ("9\\textup{ cm}^2", "9"), ("\\sqrt{2}\\textnormal{ m}", "\\sqrt{2}"),
        ("9 miles", "9"),
        ("9\\text{ miles per hour}", "9"), ("9\\mathrm{km}", "9"), ("\\$9.00", "9"), ("9^\\circ", "9"),
    ],
    "percent": [
        ("28\\%", "28%"), ("28 pct", "28%"), ("28 percent", "28\\%"), ("28\\text{ percent}", "0.28"),
        ("28\\textnormal{ pct}", "28%"),
        ("28 per cent", "28%"), ("0.28", "28 percent"), ("\\frac{7}{25}", "28 pct"), ("28.0\\,\\%", "28 percent"),
        ("12.5 percent", "\\frac{1}{8}"), ("\\frac{1}{2}\\%", "0.5 percent"),
    ],
    "relations": [
        ("x != 3", "x \\neq 3"), ("x \\ne 3", "x \\neq 3"), ("3 \\neq x", "x != 3"), ("x\\not=3", "x \\neq 3"),
        ("2x \\neq 6", "x \\neq 3"), ("x - 3 \\ne 0", "x \\neq 3"), ("-x > -1", "x < 1"), ("x < 1", "-x > -1"),
        ("1 > x", "x < 1"), ("2x < 2", "x < 1"), ("x - 1 < 0", "x < 1"), ("0 < 1 - x", "x < 1"),
        ("-x \\geq -1", "x \\leq 1"),
        ("x \\leqslant 1", "x <= 1"), ("x \\not> 1", "x \\le 1"), ("x \\not\\ge 1", "x < 1"),
        ("-5 < -x < -3", "3 < x < 5"),
        ("0 < x - 3 < 2", "3 < x < 5"), ("6 < 2x < 10", "5 > x > 3"), ("x > \\sqrt{2}", "\\sqrt{2}x > 2"),
        ("x + y \\le 2", "2x + 2y \\le 4"), ("x \\not\\in \\{3\\}", "x \\notin \\{3\\}"), ("5 = x", "x = 5"),
        ("5 = x", "5"), ("y = -\\frac{1}{2}x + \\frac{3}{4}", "2x + 4y - 3 = 0"),
        ("\\frac{x^2}{16} + \\frac{y^2}{12} = \\frac{1}{4}", "x^2/4 + y^2/3 = 1"),
        ("\\{-1\\} \\cup [0,7)", "[0,7) \\cup \\{-1\\}"),
        ("x == 5", "5"), ("y + 1 = 2x", "2x - y = 1"), ("x = 2 + 3 = 5", "5"), ("2 + 3 = 5", "5"),
        ("\\frac{1}{2} = 0.5", "0.5"),
        ("x = \\sqrt{8} = 2\\sqrt{2}", "2\\sqrt{2}"), ("f(x) = x^2", "x^2"), ("\\theta = 45^\\circ", "45"),
    ],
    "matrices": [
        (f"{A} + {I2}", "\\begin{pmatrix}2&2\\\\3&5\\end{pmatrix}"),
        (f"2{A}", "\\begin{pmatrix}2&4\\\\6&8\\end{pmatrix}"),
        (f"{A}{A}", "\\begin{pmatrix}7&10\\\\15&22\\end{pmatrix}"), (f"{A} \\cdot {I2}", A),
        (f"{A} - {A}", "\\begin{pmatrix}0&0\\\\0&0\\end{pmatrix}"),
        (f"\\frac{{1}}{{2}}{A}", "\\begin{pmatrix}0.5&1\\\\1.5&2\\end{pmatrix}"),
        (f"{A}^2", "\\begin{pmatrix}7&10\\\\15&22\\end{pmatrix}"),
        (f"{A}^T", "\\begin{pmatrix}1&3\\\\2&4\\end{pmatrix}"),
        (f"{A}^{{-1}}", "\\begin{pmatrix}-2&1\\\\1.5&-0.5\\end{pmatrix}"),
        ("\\begin{pmatrix}7&10\\\\15&22\\end{pmatrix}", f"{A}^2"), (f"{A} + {I2}", f"{I2} + {A}"), (f"M = {A}", A),
        ("\\begin{pmatrix}1\\\\2\\end{pmatrix} + t\\begin{pmatrix}3\\\\4\\end{pmatrix}",
         "\\begin{pmatrix}1+3t\\\\2+4t\\end{pmatrix}"),
    ],
    "roots and angles": [
        ("\\sqrt[3]{-8}", "-2"), ("\\sin 15^\\circ", "\\frac{\\sqrt{6}-\\sqrt{2}}{4}"),
        ("\\sqrt{7+4\\sqrt{3}}", "2+\\sqrt{3}"),
        ("\\frac{1}{\\sqrt{5}-2}", "\\sqrt{5}+2"), ("\\ln 8", "3\\ln 2"),
        ("\\frac{\\pi}{6}+\\frac{\\pi}{3}", "\\frac{\\pi}{2}"),
        ("\\cos\\frac{\\pi}{5}", "\\frac{1+\\sqrt{5}}{4}"), ("i^{4}", "1"), ("\\frac{2}{1-i}", "1+i"),
    ],
}  # fmt: skip
WRONG: dict[str, list[tuple[str, Any]]] = {
    "numbers of JSON and powers of ten": [
        ("e-5", 0.00001), ("e-5", "1e-5"), ("e - 05", 1e-05), ("e-5", "1e-05"), ("1e-6", 0.00001), ("0.0001", "1e-5"),
        ("-100000", "1e-5"), ("e+23", 1e23), ("1e+3", "e+3"), ("1e3", "e^3"), ("1e3", "1e4"), ("1e5000", "5"),
        ("1e", "1"),
        ("2e-5", "2e - 5"), ("99999999999999991611392", 1e23), ("0.1000000000000000055511151231257827", 0.1),
    ],
    "delimiters inside the answer": [
        ("4\\(2\\)", "42"), ("4$2$", "42"), ("$4$$2$", "42"), ("4\\[2\\]", "42"), ("1\\$000", "1000"),
        ("\\(3\\), \\(4\\)", "3"),
        ("\\(3\\) or \\(4\\)", "3"), ("$3$ $4$", "34"), ("\\( \\)", "9"), ("$$", "9"),
    ],
    "thousands": [
        ("1\\,00{,}000", "100000"), ("1,2{,}3", "123"), ("1{,}000\\,00", "100000"), ("0,123", "123"),
        ("1,000{,}000", "1000"),
        ("1, 000", "1000"), ("12\\,34", "1234"),
    ],
    "units": [
        ("\\textnormal{9 miles}", "9.5"), ("9\\textnormal{ or }10", "9"), ("9 \\textnormal{ million}", "9"),
        ("9\\textsf{ dozen}", "9"),
        ("3 \\textnormal{ or } 4", "3"), ("9 \\textnormal{ not}", "9"), ("\\textnormal{not }9", "9"),
    ],
    "percent": [
        ("28", "28%"), ("28", "28 pct"), ("28\\%", "28"), ("28 percent", "28"), ("28 pct", "28"), ("0.28\\%", "28%"),
        ("28\\text{ percent}", "28"), ("2800", "28%"), ("percent", "28%"), ("28 points", "28%"),
    ],
    "relations": [
        ("\\not=5", "5"), ("\\neq 5", "5"), ("!=5", "5"), ("x \\not= 5", "5"), ("x \\neq 5", "5"), ("x != 5", "x = 5"),
        ("x=5", "x \\neq 5"), ("not=5", "5"), ("isnt = 5", "5"), ("\\lnot = 5", "5"), ("\\not x = 5", "5"),
        ("\\text{not } x = 5", "5"),
        ("-x > -1", "x > 1"), ("-x < -1", "x < 1"), ("x < 1", "x \\le 1"), ("x > -1", "-x > 1"),
        ("x < 1", "x < 1 + 10^{-50}"),
        ("x > 3", "x \\ge 3"), ("-5 < -x < -3", "-5 < x < -3"), ("3 < x < 5", "3 < x \\le 5"), ("x < 1", "y < 1"),
        ("x^2 < 1", "x < 1"),
        ("x \\neq 3", "x \\neq -3"), ("x \\neq 3", "x > 3"), ("5+5+1 = 7 = 11", "7"), ("5+5+1 = 7 = 11", "11"),
        ("5 = 7", "7"),
        ("x = 4 = 5", "5"), ("x = 4 = 5", "4"), ("\\frac{1}{3} = 0.333", "\\frac{1}{3}"), ("x \\approx 5", "5"),
        ("x > 5", "5"),
        ("x \\notin \\{3\\}", "x \\in \\{3\\}"), ("5 \\ne x", "x = 5"), ("3!=6", "3 \\ne 6"), ("x \\le 5", "5"),
    ],
    "matrices": [
        (f"{A} + {A}", A), (f"2{A}", A), (f"{A}{I2}", I2), (f"{A} + 1", A), (f"{A}^T", A), (f"-{A}", A),
        (f"{A}/{A}", I2),
        ("\\begin{pmatrix}1\\\\2\\end{pmatrix}\\begin{pmatrix}1\\\\2\\end{pmatrix}", "5"), (f"{A}^{{100}}", A),
        ("\\begin{pmatrix}1&2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}"), (f"{A}, {I2}", A),
        (f"{A} \\text{{ or }} {I2}", A),
        (f"{A}\\begin{{pmatrix}}1\\end{{pmatrix}}", A), ("\\begin{pmatrix}1.0000000001&2\\\\3&4\\end{pmatrix}", A),
    ],
    "kinds": [
        ("\\{1,2\\}", "(1,2)"), ("(1,2)", "\\{1,2\\}"), ("[1,2]", "(1,2)"), ("\\{1,2\\}", "[1,2]"), ("1,2", "(1,2)"),
        ("(2,1)", "(1,2)"),
        ("\\{1\\}", "1"), ("(1,2)", "1"), ("(1,2)", "[1,2)"), ("\\{(1,2)\\}", "(1,2)"), ("\\emptyset", "0"),
        ("\\{1,2,3\\}", "\\{1,2\\}"),
    ],
    "roundings": [
        ("0.333", "\\frac{1}{3}"), ("0.3333333333333333", "1/3"), ("3.14159", "\\pi"), ("1.414", "\\sqrt{2}"),
        ("0.67", "\\frac{2}{3}"),
        ("\\sqrt{2+10^{-40}}", "\\sqrt{2}"), ("\\sqrt{2}+10^{-100}", "\\sqrt{2}"), ("\\sqrt{2}", "\\sqrt{2+10^{-400}}"),
        ("(1+10^{-40})x", "x"), ("x+10^{-40}", "x"), ("\\pi+10^{-40}", "\\pi"), ("e^{10^{-50}}", "1"),
        ("\\cos(10^{-30})", "1"),
        ("0.9999999999999999999999999999999999999999", "1"), ("\\frac{10^{40}+1}{10^{40}}", "1"), ("|x|", "x"),
    ],
}  # fmt: skip


def box(answer: str) -> str:
    return f"So it is \\boxed{{{answer}}}."


@pytest.mark.parametrize("kind", RIGHT)
def test_odd_answers_that_are_right(math_verifier: MathVerifier, kind: str) -> None:
    assert MathVerifier.check_targets([gold for _, gold in RIGHT[kind]], workers=2) == {}
    verdicts = math_verifier.verify([box(a) for a, _ in RIGHT[kind]], [gold for _, gold in RIGHT[kind]])
    assert [(row, v) for row, v in zip(RIGHT[kind], verdicts, strict=True) if v.outcome != "pass"] == []


@pytest.mark.parametrize("kind", WRONG)
def test_odd_answers_that_are_wrong(math_verifier: MathVerifier, kind: str) -> None:
    verdicts = math_verifier.verify([box(a) for a, _ in WRONG[kind]], [gold for _, gold in WRONG[kind]])
    assert [(row, v) for row, v in zip(WRONG[kind], verdicts, strict=True) if v.reward != 0.0] == []


def test_undecided_is_no_reward_and_says_so(math_verifier: MathVerifier) -> None:
    (verdict,) = math_verifier.verify([box("e^{\\sqrt{2+10^{-500}}}")], ["e^{\\sqrt{2}}"])
    assert (verdict.reward, verdict.outcome, verdict.detail) == (None, "infra", UNDECIDED)
