"""reasoning-gym's generators and scorers; the package is an extra."""

from __future__ import annotations

import json
import sys

import pytest

from rlvr_bench.harness.tasks.reasoning_gym.scores import ReasoningGymScore, harmless, reader_of
from rlvr_bench.harness.tasks.reasoning_gym.task import ReasoningGym, ReasoningGymConfig
from rlvr_bench.harness.tasks.types import Task, TaskError


@pytest.fixture
def gym():
    return pytest.importorskip("reasoning_gym", reason="pip install 'rlvr-bench[tasks]'")


def tagged(answer: object) -> str:
    return f"<think>...</think><answer>{answer}</answer>"


def test_the_missing_package_is_an_error_with_its_remedy(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    with pytest.raises(TaskError, match=r"cannot be imported .*pip install 'rlvr-bench\[tasks\]'"):
        ReasoningGym(ReasoningGymConfig(dataset="leg_counting"))


def test_unknown_generators_and_bad_options(gym) -> None:
    with pytest.raises(TaskError, match="no generator 'leg_count'; did you mean leg_counting"):
        ReasoningGym(ReasoningGymConfig(dataset="leg_count"))
    with pytest.raises(TaskError, match=r"no generator 'composite'.*"):
        ReasoningGym(ReasoningGymConfig(dataset="composite"))
    with pytest.raises(TaskError, match=r"options: the generator 'leg_counting' refuses them .*legs"):
        ReasoningGym(ReasoningGymConfig(dataset="leg_counting", options={"legs": 3}))
    with pytest.raises(TaskError, match="'game_of_life_halting' accepts any answer"):
        ReasoningGym(ReasoningGymConfig(dataset="game_of_life_halting"))
    with pytest.raises(ValueError, match=r"dataset .*options: seed .*options: size .*template"):
        ReasoningGymConfig(dataset="", options={"seed": 1, "size": 2}, template="x")


def test_items(gym) -> None:
    task, other = (
        ReasoningGym(ReasoningGymConfig(dataset="chain_sum", options={"max_terms": 3}, seed=seed)) for seed in (0, 1)
    )
    assert isinstance(task, Task) and task.size("train") is None
    prompts = {s: {t.item(s, i).prompt for t in (task, other) for i in range(60)} for s in ("train", "test")}
    assert not prompts["train"] & prompts["test"] and min(map(len, prompts.values())) > 110
    assert task.item("train", 1).prompt != other.item("train", 0).prompt
    assert task.item("test", 5) == ReasoningGym(task.config).item("test", 5)
    item = task.item("train", 0)
    assert item.target["question"] in item.prompt and "<answer>" in item.prompt
    assert json.loads(json.dumps(item.target)) == item.target
    with pytest.raises(IndexError):
        task.item("train", -1)


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
