"""Verdicts by reasoning-gym's scorers, and which answers may reach them."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from rlvr_bench.harness.tasks.reasoning_gym.scores import ReasoningGymScore, harmless, reader_of
from rlvr_bench.harness.tasks.reasoning_gym.task import ReasoningGym, ReasoningGymConfig
from rlvr_bench.rewards.sandbox import values


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
    verifier = ReasoningGymScore("leg_counting", {}, unsafe=True)  # no worker is started
    verifier.pool.retries, verifier.pool.deaths = 2, 3
    assert verifier.retries == 2
    verifier.close()


@pytest.mark.parametrize(
    ("dataset", "answer"),
    [
        ("complex_arithmetic", "nan"),  # min(1.0, exp(-NaN)) is 1.0
        ("complex_arithmetic", "nan+1j"),
        ("complex_arithmetic", "nanj"),
        ("countdown", "0e0*({sum})+{target}e0"),  # the scorer counts integers, and 572e0 is none
        ("countdown", "0_0*({sum})+{target[0]}_{target[1]}{target[2]}"),
        ("countdown", "(E-E)*({sum})+{target}e0"),
    ],
)
def test_what_earned_the_full_score_without_being_right_earns_nothing(gym, dataset: str, answer: str) -> None:
    task = ReasoningGym(ReasoningGymConfig(dataset=dataset))
    with closing(task.verifiers()["correct"]) as verifier:
        targets = [task.item("train", i).target for i in range(4)]
        answers = [tagged(target["answer"]) for target in targets]
        for target in targets:
            facts = values.decode(target["metadata"])
            numbers = "+".join(map(str, facts.get("numbers", ())))
            answers.append(tagged(answer.format(sum=numbers, target=str(facts.get("target")))))
        assert [v.outcome for v in verifier.verify(answers, targets * 2)] == ["pass"] * 4 + ["wrong"] * 4


def test_which_answers_reach_a_scorer_that_evaluates_them() -> None:
    assert reader_of("x = eval(answer)") == "eval" and reader_of("sympy.parse_expr(answer)") == "parse"
    assert reader_of("def parse_expr(x): ...\nparse_expr(answer)") == reader_of("ast.parse(e, mode='eval')") == "text"
    good = {
        "eval": ["[1, 'a']", "1 2\n3 4", "_ Q _", "-0x1f", '{"a": true}'],
        "parse": ["(x+1)/2", "sin(x)**2 + C", "3.5"],
    }
    for reader, answers in good.items():
        assert all(harmless(answer, "x", reader) for answer in answers), reader  # type: ignore[arg-type]
    bad = ["exec(chr(1))", "a.b", "x.__class__", "[f() for f in x]", "'a'.join(x)", "f'{x()}'"]
    for answer in [*bad, "exec(bytes([1]))"]:
        assert not harmless(answer, "?", "eval") and not harmless(answer, "?", "parse")
        assert harmless(answer, "?", "text") and harmless(answer, answer, "parse")
    assert harmless("2*x + C", "x**2", "parse") and not harmless("2*x", "6", "parse")
    for answer in ["'__import__(1)'", "[1]", "eval(x)", "sympify(x)", "\u0435val(x)"]:
        assert not harmless(answer, "?", "parse")
