"""HumanEval from local files: targets, prompts, verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlvr_bench.harness.tasks.datasets.humaneval import HumanEval, HumanEvalConfig
from rlvr_bench.harness.tasks.datasets.sources import SPLITS
from rlvr_bench.harness.tasks.types import Task, TaskError
from tests import data
from tests.harness.tasks.local_rows import block, items_of, opened, write

pytestmark = pytest.mark.usefixtures("arrow_cache")

HEAD = 'import math\n\ndef half(x):\n    return x / 2\n\n\ndef area(r, k=1):\n    """The area."""\n'
MIXED = "def check(candidate):\n    assert candidate(1) == {1: 2, 'a': 3}\n"


def function(i: int, **fields: object) -> dict[str, object]:
    head = f'def f{i}(x):\n    """x plus {i}"""\n'
    test = f"def check(candidate):\n    assert candidate(1) == {i + 1}\n"
    return {"task_id": f"T/{i}", "prompt": head, "test": test, "entry_point": f"f{i}", **fields}


def test_humaneval(tmp_path) -> None:
    weak = {"prompt": HEAD, "entry_point": "area", "test": "def check(f):\n    assert abs(f(2) - half(4)) < 1e-6\n"}
    write(tmp_path / "humaneval_train.jsonl.gz", function(1), function(2, **weak))
    write(tmp_path / "test.jsonl", function(3, test=MIXED))
    task = HumanEval(HumanEvalConfig(path=str(tmp_path), weak="all"))
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


def test_one_file_is_split_by_its_prompts(tmp_path: Path) -> None:
    path = write(tmp_path / "all.jsonl", *[function(i) for i in range(120)])
    task = HumanEval(HumanEvalConfig(path=path, test_share=0.25))
    prompts = {s: {task.item(s, i).prompt for i in range(task.size(s) or 0)} for s in SPLITS}
    assert sum(map(len, prompts.values())) == len(set().union(*prompts.values())) == 120
    assert 1 <= len(prompts["validation"]) <= 15  # 5.6, four standard deviations
    assert 11 <= len(prompts["test"]) <= 49  # 30, four standard deviations


def test_bad_configs_name_every_field() -> None:
    with pytest.raises(ValueError, match=r"path .*test_share .*template .*time_limit_s"):
        HumanEvalConfig(path="", test_share=1, template="x", time_limit_s=0)


@pytest.mark.usefixtures("all_train")
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


@pytest.mark.parametrize("file", data.files("humaneval.jsonl"))
def test_real_rows(tmp_path: Path, file: Path) -> None:
    rows = {row["task_id"]: row for row in data.rows(file)}
    path = write(tmp_path / file.name, *rows.values())
    task = HumanEval(HumanEvalConfig(path=path, weak="all"))
    items = items_of(task)
    assert {item.meta["task_id"] for item in items} == set(rows)
    # of all 164, 21 use more than calls and literals (7 of the sample), and one wants a value with keys of mixed types
    weak = sum(item.meta["integrity"] == "weak" for item in items)
    assert (len(items), weak) in ((164, 22), (30, 8))
    assert len(items_of(HumanEval(HumanEvalConfig(path=path, weak="none")))) == len(items) - weak
    targets = [item.target for item in items]
    assert json.dumps(targets, sort_keys=True)
    own = [rows[item.meta["task_id"]] for item in items]
    solutions = [block(row["prompt"] + row["canonical_solution"]) for row in own]
    with opened(task) as verifier:
        assert {v.outcome for v in verifier.verify(solutions, targets)} == {"pass"}
        assert {v.reward for v in verifier.verify(solutions[1:] + solutions[:1], targets)} == {0.0}
