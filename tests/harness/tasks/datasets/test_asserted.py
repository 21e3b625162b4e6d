"""Targets from asserts: call cases where possible, else a script."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from rlvr_bench.harness.config.load import from_dict
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.tasks.datasets.asserted import entry_of, target_of
from rlvr_bench.harness.tasks.datasets.humaneval import HumanEval, HumanEvalConfig
from rlvr_bench.harness.tasks.datasets.mbpp import MBPP, MBPPConfig
from rlvr_bench.harness.tasks.types import TaskError
from tests.harness.tasks.local_rows import items_of, write

STRONG, WEAK = ["assert f(1) == 2"], ["assert abs(f(1) - 2) < 1"]


def exercise(i: int, tests: list[str]) -> dict[str, Any]:
    return {"task_id": i, "text": f"Problem {i}.", "test_list": tests}


def function(i: int, tests: list[str]) -> dict[str, Any]:
    check = "\n    ".join(["def check(candidate):", *tests]).replace("f(1)", "candidate(1)")
    return {"task_id": i, "prompt": f'def f(x):\n    """{i}"""\n', "test": f"{check}\n", "entry_point": "f"}


@pytest.fixture(
    params=[(HumanEval, HumanEvalConfig, function), (MBPP, MBPPConfig, exercise)], ids=["humaneval", "mbpp"]
)
def opened(request: pytest.FixtureRequest, tmp_path: Path, arrow_cache: None) -> Any:
    """A task of three splits, strong and weak problems in each, with settings."""
    task, config, row = request.param
    write(tmp_path / "train.jsonl", row(0, WEAK), row(1, STRONG), row(2, WEAK), row(3, STRONG))
    write(tmp_path / "validation.jsonl", row(4, STRONG), row(5, WEAK))
    write(tmp_path / "test.jsonl", row(6, STRONG), row(7, WEAK))
    return lambda **settings: task(config(path=str(tmp_path), **settings))


@pytest.mark.parametrize(
    ("weak", "left"), [("all", [0, 1, 2, 3, 4, 5, 6, 7]), ("held_out", [1, 3, 4, 5, 6, 7]), ("none", [1, 3, 4, 6])]
)
def test_weak_problems_are_where_the_setting_allows_them(
    opened: Any, weak: Literal["all", "held_out", "none"], left: list[int]
) -> None:
    items = items_of(opened(weak=weak))
    assert [item.meta["task_id"] for item in items] == left
    ids = {item.meta["task_id"]: item.id for item in items_of(opened(weak="all"))}
    assert all(item.id == ids[item.meta["task_id"]] for item in items)


def test_training_has_no_weak_problems_unless_it_is_asked_for(opened: Any) -> None:
    task = opened()
    assert [task.item("train", i).meta["integrity"] for i in range(task.size("train"))] == ["strong", "strong"]
    assert {item.meta["integrity"] for item in items_of(task)[2:]} == {"strong", "weak"}


@pytest.mark.usefixtures("arrow_cache")
def test_a_split_of_weak_problems_only_is_an_error_that_names_the_setting(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", exercise(0, WEAK), exercise(1, WEAK))
    write(tmp_path / "test.jsonl", exercise(2, STRONG))
    with pytest.raises(TaskError, match=r"\(train\): all [12] problems are weak, .*'held_out' .*set weak = 'all'"):
        MBPP(MBPPConfig(path=str(tmp_path)))
    assert MBPP(MBPPConfig(path=str(tmp_path), weak="all")).size("test") == 1


@pytest.mark.parametrize("name", ["humaneval", "mbpp"])
def test_the_setting_has_three_values(name: str) -> None:
    with pytest.raises(ConfigError, match=r"task\.weak.*'all', 'held_out' or 'none'"):
        from_dict(
            {"task": {"name": name, "weak": "some"}, "algorithm": {"name": "grpo"}, "model": {"name": "tiny:16x1"}}
        )


def test_calls_become_cases_and_anything_else_a_script() -> None:
    assert target_of("assert f(1) == 2", "f", "x = 1")["cases"] == [{"args": [1], "kwargs": {}, "want": 2}]
    script = {"type": "script", "script": "x = 1"}
    assert target_of("assert abs(f(1)) < 2", "f", "x = 1") == script
    assert target_of("assert f(1) == 2", None, "x = 1") == script
    assert target_of("assert f(1) == {1: 2, 'a': 3}", "f", "x = 1") == script  # keys of mixed types cannot be recorded
    assert target_of("assert f(1) == {1}", "f", "x = 1") == script


def test_tests_that_are_not_python_are_refused() -> None:
    with pytest.raises(ValueError, match="the tests are not Python"):
        target_of("assert f(1) == 2", "f", "assert (")


@pytest.mark.parametrize(
    ("tests", "entry"),
    [
        ("assert f(1) == 2", "f"),
        ("assert set(f(1)) == set([1])", "f"),
        ("assert abs(g(f(1))) < 2", "g"),
        ("assert m.f(1)", None),
        ("x = 1", None),
        ("(", None),
    ],
)
def test_the_entry_is_the_first_call_that_is_no_builtin(tests: str, entry: str | None) -> None:
    assert entry == entry_of(tests)
