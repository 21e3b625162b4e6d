"""HumanEval and MBPP from local files: targets, prompts, verdicts."""

from __future__ import annotations

import json

import pytest

from rlvr_bench.harness.tasks.datasets.humaneval import HumanEval, HumanEvalConfig
from rlvr_bench.harness.tasks.datasets.mbpp import MBPP, MBPPConfig
from rlvr_bench.harness.tasks.types import Task, TaskError
from tests.harness.tasks.local_rows import block, items_of, opened, shared_copy, write
from tests.rewards.shared_data import shared_rows

pytestmark = pytest.mark.usefixtures("arrow_cache")

HEAD = 'import math\n\ndef half(x):\n    return x / 2\n\n\ndef area(r, k=1):\n    """The area."""\n'
MIXED = "def check(candidate):\n    assert candidate(1) == {1: 2, 'a': 3}\n"


def function(i: int, **fields: object) -> dict[str, object]:
    head = f'def f{i}(x):\n    """x plus {i}"""\n'
    test = f"def check(candidate):\n    assert candidate(1) == {i + 1}\n"
    return {"task_id": f"T/{i}", "prompt": head, "test": test, "entry_point": f"f{i}", **fields}


def exercise(i: int, **fields: object) -> dict[str, object]:
    return {
        "task_id": i,
        "text": f"Add {i}.",
        "test_list": [f"assert f(1) == {i + 1}", f"assert f(0) == {i}"],
        **fields,
    }


def test_humaneval(tmp_path) -> None:
    weak = {"prompt": HEAD, "entry_point": "area", "test": "def check(f):\n    assert abs(f(2) - half(4)) < 1e-6\n"}
    write(tmp_path / "humaneval_train.jsonl.gz", function(1), function(2, **weak))
    write(tmp_path / "test.jsonl", function(3, test=MIXED))
    task = HumanEval(HumanEvalConfig(path=str(tmp_path)))
    assert isinstance(task, Task)
    strong, helped, mixed = items_of(task)
    assert strong.meta == {"task_id": "T/1", "integrity": "strong"}
    assert strong.target["cases"] == [{"args": [1], "kwargs": {}, "want": 2}]
    assert f"```python\n{function(1)['prompt']}".rstrip() + "\n```" in strong.prompt
    assert helped.meta["integrity"] == mixed.meta["integrity"] == "weak"  # keys of mixed types fit in no record
    assert helped.target["script"].startswith("import math\n\ndef half(x):\n    return x / 2\n")
    assert "def area" not in helped.target["script"] and helped.target["script"].endswith("\ncheck(area)\n")
    verifier = opened(task)
    right = [
        block("def f1(x): return x + 1"),
        block("def area(r): return 2"),
        block("def f3(x): return {1: 2, 'a': 3}"),
    ]
    targets = [strong.target, helped.target, mixed.target]
    assert [v.outcome for v in verifier.verify(right, targets)] == ["pass"] * 3
    assert {v.reward for v in verifier.verify(right[1:] + right[:1], targets)} == {0.0}
    verifier.close()
    assert task.answer(right[0]) == "def f1(x): return x + 1" and task.answer("f") is None


def test_mbpp(tmp_path) -> None:
    sanitized = {"prompt": "Area.", "test_imports": ["import math"], "test_list": ["assert math.isclose(area(1), 2)"]}
    rows = [
        exercise(1),
        {"task_id": 2, **sanitized},
        exercise(3, test_setup_code="class Pair: pass"),
        exercise(4, test_list=["assert set(f(1)) == set([1])"]),
    ]
    write(tmp_path / "train.jsonl", *rows)
    write(tmp_path / "mbpp_test.jsonl", exercise(5))
    task = MBPP(MBPPConfig(path=str(tmp_path)))
    items = items_of(task)
    assert [item.meta["integrity"] for item in items] == ["strong", "weak", "weak", "weak", "strong"]
    assert items[0].target["entry"] == "f" and [case["want"] for case in items[0].target["cases"]] == [2, 1]
    tests = "assert f(1) == 2\nassert f(0) == 1"
    assert items[0].prompt.startswith(f"Add 1.\nYour code should pass these tests:\n\n{tests}\n\nAnswer with")
    assert items[1].prompt.startswith("Area.\n") and items[1].target["script"].startswith("import math\n")
    verifier = opened(task)
    solutions = [
        "def f(x): return x + 1",
        "def area(r): return 2.0",
        "def f(x): return x + 3 + 0 * len([Pair])",
        "def f(x): return [1, 1]",
        "def f(x): return x + 5",
    ]
    targets = [item.target for item in items]
    assert [v.outcome for v in verifier.verify([block(code) for code in solutions], targets)] == ["pass"] * 5
    assert {v.reward for v in verifier.verify([block("def f(x): return None")] * 5, targets)} == {0.0}
    verifier.close()


def test_asserts_mean_pythons_equality(tmp_path) -> None:
    write(tmp_path / "train.jsonl", exercise(1))
    write(tmp_path / "test.jsonl", exercise(2))
    task = MBPP(MBPPConfig(path=str(tmp_path)))
    verifier = opened(task)
    target = task.item("train", 0).target
    solutions = [block("def f(x): return x + 1.0"), block("def f(x): return x + 1.5")]
    assert [v.outcome for v in verifier.verify(solutions, [target] * 2)] == ["pass", "wrong"]
    verifier.close()


@pytest.mark.parametrize("name", ["humaneval", "mbpp"])
def test_one_file_is_split_by_its_prompts(tmp_path, name: str) -> None:
    make, row = {"humaneval": (HumanEval, function), "mbpp": (MBPP, exercise)}[name]
    path = write(tmp_path / "all.jsonl", *[row(i) for i in range(120)])
    task = make(make.Config(path=path, test_share=0.25))
    prompts = {s: {task.item(s, i).prompt for i in range(task.size(s))} for s in ("train", "test")}
    assert not prompts["train"] & prompts["test"] and len(prompts["train"] | prompts["test"]) == 120
    assert 11 <= len(prompts["test"]) <= 49  # 30, four standard deviations


def test_bad_rows_are_named(tmp_path) -> None:
    bad = [
        function(1, prompt=""),
        function(2, prompt="def ("),
        function(3, entry_point="g"),
        function(4, test="assert ("),
        function(5, test=None),
    ]
    path = write(tmp_path / "all.jsonl", function(0), *bad)
    with pytest.raises(TaskError) as caught:
        HumanEval(HumanEvalConfig(path=path, test_share=1e-9))
    lines = str(caught.value).split("\n  ")[1:]
    reasons = ["'prompt' is empty", "not the head of a Python", "does not define", "not Python", "'test' is empty"]
    assert [line.partition(":")[0] for line in lines] == [f"row {n}" for n in range(2, 7)]
    assert all(reason in line for reason, line in zip(reasons, lines, strict=True))
    path = write(tmp_path / "m.jsonl", exercise(0), exercise(1, test_list=[]), exercise(2, test_list=["assert f("]))
    with pytest.raises(
        TaskError, match=r"2 bad rows\n  row 2: field 'test_list' is empty.*\n  row 3: the tests are not"
    ):
        MBPP(MBPPConfig(path=path, test_share=1e-9))


def test_bad_configs_name_every_field() -> None:
    for config in (HumanEvalConfig, MBPPConfig):
        with pytest.raises(ValueError, match=r"path .*test_share .*template .*time_limit_s"):
            config(path="", test_share=1, template="x", time_limit_s=0)


def test_the_real_humaneval(tmp_path) -> None:
    rows = {row["task_id"]: row for row in shared_rows("humaneval.jsonl.gz")}
    task = HumanEval(HumanEvalConfig(path=shared_copy("humaneval.jsonl.gz", tmp_path / "humaneval.jsonl.gz")))
    items = items_of(task)
    assert len(items) == 164 and {item.meta["task_id"] for item in items} == set(rows)
    # 21 use more than calls and literals; the wanted value of one has keys of mixed types
    assert sum(item.meta["integrity"] == "weak" for item in items) == 22
    targets = [item.target for item in items]
    assert json.dumps(targets, sort_keys=True)
    own = [rows[item.meta["task_id"]] for item in items]
    verifier = opened(task)
    solutions = [block(row["prompt"] + row["canonical_solution"]) for row in own]
    assert {v.outcome for v in verifier.verify(solutions, targets)} == {"pass"}
    assert {v.reward for v in verifier.verify(solutions[1:] + solutions[:1], targets)} == {0.0}
    verifier.close()
