"""Verdicts by reasoning-gym's scorers, and which answers may reach them."""

from __future__ import annotations

import json

import pytest

from rlvr_bench.harness.tasks.reasoning_gym.scores import ReasoningGymScore, harmless, reader_of
from rlvr_bench.harness.tasks.reasoning_gym.task import ReasoningGym, ReasoningGymConfig


def tagged(answer: object) -> str:
    return f"<think>...</think><answer>{answer}</answer>"


@pytest.mark.parametrize("dataset", ["knights_knaves", "countdown", "n_queens"])
def test_verdicts(gym, dataset: str) -> None:
    task = ReasoningGym(ReasoningGymConfig(dataset=dataset))
    item = task.item("train", 0)
    verifier = task.verifiers()["correct"]
    hostile = "__import__('os')._exit(0)"
    answers = [
        tagged(item.target["answer"]),
        tagged("zzz"),
        item.target["answer"],
        tagged(hostile),
        tagged("1" * 10**5),
    ]
    verdicts = verifier.verify(answers, [json.loads(json.dumps(item.target))] * len(answers))
    verifier.close()
    assert [v.outcome for v in verdicts] == ["pass", "wrong", "no_answer", "wrong", "wrong"]
    assert task.answer(answers[0]) == item.target["answer"]


@pytest.mark.slow
def test_hostile_answers_cost_nothing_but_time(gym, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("rlvr_bench.harness.tasks.reasoning_gym.scores.DEADLINE_S", 2.0)
    task = ReasoningGym(ReasoningGymConfig(dataset="countdown"))
    target = task.item("train", 0).target
    file = tmp_path / "written"
    answers = [tagged("9**9**9**9"), tagged(f"open('{file}', 'w')"), tagged("exec(chr(49))"), tagged("")]
    verifier = task.verifiers()["correct"]
    verdicts = verifier.verify(answers, [target] * 4)
    assert verdicts[0].outcome in ("timeout", "memory", "wrong")
    assert [v.outcome for v in verdicts[1:]] == ["wrong", "wrong", "no_answer"] and not file.exists()
    verifier.close()


def test_what_a_scorer_raises_is_wrong(gym) -> None:
    task = ReasoningGym(ReasoningGymConfig(dataset="prime_factorization"))
    verifier = task.verifiers()["correct"]
    (verdict,) = verifier.verify([tagged("zzz")], [task.item("train", 0).target])
    verifier.close()
    assert verdict.outcome == "wrong" and "ValueError" in verdict.detail


def test_retries_are_jobs_handed_out_again() -> None:
    verifier = ReasoningGymScore("leg_counting", {})
    verifier.pool.retries, verifier.pool.deaths = 2, 3
    assert verifier.retries == 2
    verifier.close()


def test_which_answers_reach_a_scorer_that_evaluates_them() -> None:
    assert reader_of("x = eval(answer)") == "eval" and reader_of("sympy.parse_expr(answer)") == "parse"
    assert reader_of("def parse_expr(x): ...\nparse_expr(answer)") == reader_of("ast.parse(e, mode='eval')") == "text"
    good = {
        "eval": ["[1, 'a']", "1 2\n3 4", "_ Q _", "-0x1f", '{"a": true}'],
        "parse": ["(x+1)/2", "sin(x)**2 + C", "3.5"],
    }
    for reader, answers in good.items():
        assert all(harmless(answer, "?", reader) for answer in answers), reader  # type: ignore[arg-type]
    bad = ["exec(chr(1))", "a.b", "x.__class__", "[f() for f in x]", "'a'.join(x)", "f'{x()}'"]
    for answer in [*bad, "exec(bytes([1]))"]:
        assert not harmless(answer, "?", "eval") and not harmless(answer, "?", "parse")
        assert harmless(answer, "?", "text") and harmless(answer, answer, "parse")
    for answer in ["'__import__(1)'", "[1]", "eval(x)", "sympify(x)", "\u0435val(x)"]:
        assert not harmless(answer, "?", "parse")
