"""MBPP from local files: targets, prompts, verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench.harness.tasks.datasets.mbpp import MBPP, MBPPConfig
from rlvr_bench.harness.tasks.datasets.sources import SPLITS
from rlvr_bench.harness.tasks.types import TaskError
from tests.harness.tasks.local_rows import block, items_of, opened, write

pytestmark = pytest.mark.usefixtures("arrow_cache")


def exercise(i: int, **fields: object) -> dict[str, object]:
    return {
        "task_id": i,
        "text": f"Add {i}.",
        "test_list": [f"assert f(1) == {i + 1}", f"assert f(0) == {i}"],
        **fields,
    }


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
    task = MBPP(MBPPConfig(path=str(tmp_path), weak="all"))
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


def test_one_file_is_split_by_its_prompts(tmp_path: Path) -> None:
    path = write(tmp_path / "all.jsonl", *[exercise(i) for i in range(400)])
    task = MBPP(MBPPConfig(path=path, test_share=0.25))
    prompts = {s: {task.item(s, i).prompt for i in range(task.size(s) or 0)} for s in SPLITS}
    assert sum(map(len, prompts.values())) == len(set().union(*prompts.values())) == 400
    assert 1 <= len(prompts["validation"]) <= 36  # 18.75, four standard deviations
    assert 65 <= len(prompts["test"]) <= 135  # 100, four standard deviations


def test_bad_configs_name_every_field() -> None:
    with pytest.raises(ValueError, match=r"path .*test_share .*template .*time_limit_s"):
        MBPPConfig(path="", test_share=1, template="x", time_limit_s=0)


@pytest.mark.usefixtures("all_train")
def test_bad_rows_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "m.jsonl", exercise(0), exercise(1, test_list=[]), exercise(2, test_list=["assert f("]))
    with pytest.raises(
        TaskError, match=r"2 bad rows\n  row 2: field 'test_list' is empty.*\n  row 3: the tests are not"
    ):
        MBPP(MBPPConfig(path=path, test_share=1e-9))
