"""The math verifier: which answers are the same, and that nothing can hold it up."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, get_args

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_bench.rewards.math import verifier as module
from rlvr_bench.rewards.math.verifier import MathVerifier
from rlvr_bench.rewards.types import Outcome
from rlvr_bench.rewards.workers.pool import Reply, WorkerDied
from tests import data
from tests.rewards.waiting import kill

TOWER = "e^{e^{e^{e^{e^{e}}}}}"  # evaluating it never ends
POLYNOMIAL = "x^2+2x+1"


def box(answer: str) -> str:
    return f"So it is \\boxed{{{answer}}}."


SAME = [
    ("42.", "42"), ("{42}", "42"), ("\\boxed{42}", "42"), ("$42$", "42"), ("\\(42\\)", "42"), ("+42", "42"),
    ("007", "7"), ("1.0", "1"), (".5", "\\frac12"), ("\u22125", "-5"), ("\\frac{84}{2}", "42"),
    ("1,000", "1000"), ("1{,}000", "1000"), ("1\\,000", "1000"), ("10,\\!080", "10080"), ("1,000,000.5", "1000000.5"),
    ("1e3", "1000"),
    ("50\\%", "0.5"), ("50%", "\\frac12"), ("\\frac{1}{2}\\%", "0.005"),
    ("5 cm", "5"), ("5cm", "5"), ("5\\text{ cm}", "5"), ("5\\,\\mathrm{cm}^2", "5"), ("42 apples", "42"),
    ("\\$18.9", "\\$18.90"), ("90^\\circ", "90"), ("90", "90^{\\circ}"), ("90 degrees", "90^\\circ"),
    ("\\frac{270}7\\text{ degrees}", "\\frac{270}{7}"),
    ("x=5", "5"), ("5", "x=5"), ("x = 5", "x=5"), ("x \\in [-2,7]", "[-2,7]"), ("2x+3", "y = 2x + 3"),
    ("\\dfrac{1}{2}", "0.5"), ("\\frac43", "\\frac{4}{3}"), ("\\frac 59", "5/9"), ("1\\frac{4}{5}", "\\frac95"),
    ("\\{1,2\\}", "\\{2,1\\}"), ("\\{1,1,2\\}", "\\{1,2\\}"), ("\\left\\{1, 2\\right\\}", "\\{2,1\\}"), ("2,1", "1,2"),
    ("3,-3", "\\pm 3"), ("\\{1+\\sqrt5,1-\\sqrt5,-2\\}", "\\{1\\pm\\sqrt{5},-2\\}"), ("\\emptyset", "\\{\\}"),
    ("\\left(1,2\\right)", "(1,2)"), ("(3, 100)", "(3,100)"), ("\\left( 3, \\frac{\\pi}{2} \\right)", "(3,\\pi/2)"),
    ("(-\\infty,2)\\cup(3,\\infty)", "(3,\\infty)\\cup(-\\infty,2)"), ("\\infty", "+\\infty"),
    ("\\begin{bmatrix}1/2\\\\ 3\\end{bmatrix}", "\\begin{pmatrix}0.5\\\\3\\end{pmatrix}"),
    ("\\text{even}", "even"), ("(C)", "\\text{(C)}"), ("C", "\\text{(C)}"), ("\\text{ Evelyn }", "\\text{Evelyn}"),
    ("52_8", "52_{8}"), ("3 < x < 5", "5 > x > 3"), ("x \\leq 3", "3 \\ge x"),
    ("10x - 14y + 8 = 0", "5x-7y+4=0"), ("5 \\text{ or } 6", "5 \\text{ or } 6"),
    ("2\\sqrt{2}", "\\sqrt{8}"), ("11\\sqrt2", "\\sqrt{242}"), ("\\frac{\\sqrt{3}}{3}", "\\frac{1}{\\sqrt{3}}"),
    ("(x+1)^2", POLYNOMIAL), ("\\sin^2 x+\\cos^2 x", "1"), ("\\log_2 8", "3"), ("-5i+6", "6 - 5i"), ("ba", "ab"),
    ("2^{10}", "1024"), ("5!", "120"), ("\\binom{5}{2}", "10"), ("|{-3}|", "3"), ("\\sum_{k=1}^{3} k", "6"),
    ("\\sqrt{3+2\\sqrt{2}}", "1+\\sqrt{2}"), ("9^{9^9}", "9^{9^9}"),
]  # fmt: skip
DIFFERENT = [
    ("41", "42"), ("-42", "42"), ("4\u00b2", "42"), ("\uff14\uff12", "42"), ("4\x002", "42"), ("4 2", "42"),
    ("4\\,2", "42"), ("1 000", "1000"), ("1,2,3", "123"), ("1,00", "100"), ("0x2A", "42"),
    ("0.333333", "\\frac13"), ("0.9999999999999999999", "1"), ("2.828", "\\sqrt{8}"), ("3.14", "\\pi"), ("50", "50\\%"),
    ("50\\%", "50"), ("\\frac{1}{0}", "5"), ("nan", "5"), ("\\text{NaN}", "5"), ("-\\infty", "\\infty"),
    ("\\infty", "5"), ("3 or 4", "3"), ("3 \\text{ or } 4", "4"), ("3, 4", "3"), ("3; 4", "4"), ("\\pm 3", "3"),
    ("3 \\text{ and } 4", "3"),
    ("x=3 \\text{ or } x=4", "3"), ("3=4", "4"), ("42 is the answer", "42"), ("maybe 42", "42"), ("42?", "42"),
    ("2 million", "2"), ("5x", "5"), ("5 x", "5"), ("y=5", "x=5"), ("42!", "42"), ("42,", "43"),
    ("(2,1)", "(1,2)"), ("\\{1,2\\}", "(1,2)"), ("(1,2)", "[1,2]"), ("[1,2)", "(1,2]"), ("\\{5\\}", "5"),
    ("(3,100)", "3100"),
    ("1,1,2", "1,2"), ("(1,2)", "1,2"), ("(1,2,3)", "(1,2)"),
    ("\\begin{bmatrix}1&2\\\\3&5\\end{bmatrix}", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"),
    ("\\begin{bmatrix}1&2&3&4\\end{bmatrix}", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"),
    ("\\text{Even}", "\\text{even}"), ("\\text{odd}", "\\text{even}"), ("52", "52_8"), ("x>3", "x \\ge 3"),
    ("x>3", "x<3"),
    ("10x - 14y + 9 = 0", "5x-7y+4=0"), ("x^2+1", "(x+1)^2"), ("y", "x"), ("e^{\\pi\\sqrt{163}}", "262537412640768744"),
    ("10^{100}", "10^{100}+1"), ("9^{9^{9^9}}", "5"), ("100000!", "5"), ("((((5!)!)!)!)!", "5"),
    ("__import__('os').system('touch PWNED')", "5"), ("\\input{/etc/passwd}", "5"), ("{" * 300 + "5" + "}" * 299, "5"),
    ("(" * 300 + "x" + ")" * 300, "5"), ("\\frac{" * 100, "5"), ("^" * 500, "5"), ("\\", "5"), ("1/" * 200 + "1", "5"),
]  # fmt: skip


def test_the_same_answer_earns_one_and_another_none(math_verifier: MathVerifier) -> None:
    rows = [(a, b, 1.0) for a, b in SAME] + [(b, a, 1.0) for a, b in SAME[:1]] + [(a, b, 0.0) for a, b in DIFFERENT]
    verdicts = math_verifier.verify([box(answer) for answer, _, _ in rows], [gold for _, gold, _ in rows])
    assert [(row, v) for row, v in zip(rows, verdicts, strict=True) if v.reward != row[2]] == []


def test_the_order_and_the_company_do_not_matter(math_verifier: MathVerifier) -> None:
    rows = SAME + DIFFERENT
    expected = [v.reward for v in math_verifier.verify([box(a) for a, _ in rows], [g for _, g in rows])]
    fresh = MathVerifier(workers=1)
    order = list(range(len(rows)))
    random.Random(1).shuffle(order)
    order = order[: len(order) // 2]
    shuffled = fresh.verify([box(rows[i][0]) for i in order], [rows[i][1] for i in order])
    fresh.close()
    assert [expected[i] for i in order] == [v.reward for v in shuffled]


@given(st.text(max_size=60), st.sampled_from(["5", "x+1", "(1,2)", "\\{1,2\\}", "\\text{even}"]))
def test_nothing_that_a_completion_contains_raises(text: str, gold: str) -> None:
    cheap = MathVerifier(workers=1, item_deadline_s=0.01, batch_deadline_s=0.0)
    for completion in (text, box(text), f"<answer>{text}</answer>"):
        (verdict,) = cheap.verify([completion], [gold])
        assert verdict.outcome in get_args(Outcome)
    cheap.close()


def test_gold_answers_that_cannot_be_read_are_named_by_position(math_verifier: MathVerifier) -> None:
    good = ["42", "\\frac{\\sqrt{2}}{2}", "(1,2)", "\\text{even}", "x^2+1", 7]
    bad = ["", "nan", "\\frac{1", "\\unknown{3}", "\u4e8c", None, ["5"], "9^{9^{9^9}}", "\\unknown{3}"]
    problems = MathVerifier.check_targets([*good, *bad], workers=2)
    assert list(range(6, 15)) == sorted(problems)
    assert "gold answer '\\\\unknown{3}' cannot be read: NotAnExpression" in problems[9] == problems[14]
    with pytest.raises(ValueError, match="gold answer"):
        math_verifier.verify([box("5")], [None])


def test_out_of_time_before_the_first_turn_is_no_verdict() -> None:
    verifier = MathVerifier(workers=1, batch_deadline_s=0.0)
    assert [v.outcome for v in verifier.verify([box("x+1"), box("5")], ["1+x", "5"])] == ["infra", "pass"]
    verifier.close()


def test_workers_killed_from_outside_are_replaced(math_verifier: MathVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    math_verifier.verify([box("a+b+c")], ["c+b+a"])
    for pid in math_verifier.pool.worker_pids():
        kill(pid)
    assert math_verifier.verify([box("a+b+d")], ["d+b+a"])[0].outcome == "pass"

    def fail(job: bytes, seconds: float) -> None:
        raise WorkerDied("gone")

    monkeypatch.setattr(math_verifier.pool, "run", fail)
    assert math_verifier.verify([box("a+b+f")], ["f+b+a"])[0].outcome == "infra"


def test_threads_share_a_verifier(math_verifier: MathVerifier) -> None:
    results: dict[int, list[str]] = {}

    def work(n: int) -> None:
        verdicts = math_verifier.verify([box(f"(x+{n})^2"), box(f"x+{n}")], [f"x^2+{2 * n}x+{n * n}"] * 2)
        results[n] = [v.outcome for v in verdicts]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: ["pass", "wrong"] for n in range(6)}


def test_closing_leaves_nothing() -> None:
    descriptors, processes = psutil.Process().num_fds(), psutil.Process().children(recursive=True)
    verifier = MathVerifier(workers=2, item_deadline_s=0.5)
    verifier.verify([box("x+1"), box(TOWER)], ["1+x", "x"])
    verifier.close()
    verifier.close()
    assert descriptors == psutil.Process().num_fds()
    assert {p.pid for p in psutil.Process().children(recursive=True)} <= {p.pid for p in processes}


def test_the_computer_algebra_stays_out_of_this_process() -> None:
    heavy = {"sympy", "math_verify", "latex2sympy2_extended"}
    code = f"import sys; import rlvr_bench.rewards.math.verifier; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=data.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_majority_votes_count_equal_numbers_as_one(math_verifier: MathVerifier) -> None:
    votes = {math_verifier.answer(box(a)) for a in ("0.5", "\\frac{1}{2}", "50\\%", "1/2")}
    assert {"1/2"} == votes
    assert math_verifier.answer("no box") is None


class Clock:
    """A clock that only the pool of the test advances."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_every_expression_gets_a_short_turn_before_any_gets_a_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven hostile ones and an honest one, one worker: 7 first turns of 1 s, then long ones until the batch ends."""
    clock, turns = Clock(), []
    monkeypatch.setattr(module, "time", clock)

    def run(job: bytes, seconds: float) -> Reply:
        hostile = json.loads(job)["answer"].startswith("e^")
        turns.append((hostile, seconds))
        clock.now += seconds if hostile else 0.25
        return Reply("timeout", -9, b"", b"", seconds) if hostile else Reply("exit", 0, b'{"equal": true}', b"", 0.25)

    with MathVerifier(workers=1, item_deadline_s=5.0, batch_deadline_s=15.0) as verifier:
        monkeypatch.setattr(verifier.pool, "run", run)
        answers = [*(f"{TOWER}+{i}" for i in range(7)), "(x+1)^2"]
        verdicts = verifier.verify([box(answer) for answer in answers], [POLYNOMIAL] * 8)
    assert [v.outcome for v in verdicts] == ["timeout"] * 7 + ["pass"]
    assert sorted(turns[:8]) == [(False, 1.0)] + [(True, 1.0)] * 7
    # 15 - 7 x 1 - 0.25 = 7.75 are left: one turn of 5 and one of 2.75; the others keep their first timeout
    assert turns[8:] == [(True, 5.0), (True, 2.75)]


def test_an_expression_that_never_ends_is_a_timeout() -> None:
    with MathVerifier(workers=1, item_deadline_s=0.3) as verifier:
        assert [v.outcome for v in verifier.verify([box(TOWER), box("(x+1)^2")], [POLYNOMIAL] * 2)] == [
            "timeout",
            "pass",
        ]


@pytest.mark.parametrize("file", data.files("math500.jsonl"))
def test_real_gold_answers(math_verifier: MathVerifier, file: Path) -> None:
    golds = [row["answer"] for row in data.rows(file)]
    assert MathVerifier.check_targets(golds, workers=2) == {}
    assert {"pass"} == {v.outcome for v in math_verifier.verify([box(gold) for gold in golds], golds)}
    others = [*golds[1:], golds[0]]
    verdicts = math_verifier.verify([box(gold) for gold in golds], others)
    same = [(a, b) for a, b, v in zip(golds, others, verdicts, strict=True) if v.reward]
    assert same == {500: [("5", "x=5"), ("7", "7"), ("3", "3")], 34: []}[len(golds)]


@pytest.mark.parametrize("file", data.files("gsm8k_test.jsonl"))
def test_real_numbers(math_verifier: MathVerifier, file: Path) -> None:
    numbers = [row["answer"].rpartition("####")[2].strip() for row in data.rows(file)]
    assert {1.0} == {v.reward for v in math_verifier.verify([box(number) for number in numbers], numbers)}
    changed: list[Any] = [json.dumps(json.loads(number.replace(",", "")) + 1) for number in numbers]
    assert {0.0} == {v.reward for v in math_verifier.verify([box(number) for number in numbers], changed)}
