"""MATH and MATH-500 from local files."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench.harness.tasks.datasets.math import ASK, Math, MathConfig
from rlvr_bench.harness.tasks.types import Task, TaskError
from tests import data
from tests.harness.tasks.local_rows import items_of, write

pytestmark = pytest.mark.usefixtures("arrow_cache")


def problem(i: int, **fields: object) -> dict[str, object]:
    return {"problem": f"What is {i}+1?", "solution": f"It is $\\boxed{{{i + 1}}}$.", **fields}


def test_both_forms_of_rows(tmp_path) -> None:
    write(tmp_path / "math_train.jsonl", problem(0, level="Level 5", type="Algebra"), problem(1, level="Level ?"))
    write(tmp_path / "test.jsonl.gz", {"prompt": f"Two?\n{ASK}", "answer": " \\frac12 ", "level": 3, "subject": "X"})
    task = Math(MathConfig(path=str(tmp_path)))
    assert isinstance(task, Task)
    first, second, held_out = items_of(task)
    assert (first.prompt, first.target) == (f"What is 0+1?\n{ASK}\n", "1")
    assert (first.meta, second.meta) == ({"level": 5, "subject": "Algebra"}, {"level": "Level ?"})
    assert (held_out.id, held_out.prompt) == ("math/test/0", f"Two?\n{ASK}\n")
    assert (held_out.target, held_out.meta) == ("\\frac12", {"level": 3, "subject": "X"})
    verifier = task.verifiers()["correct"]
    assert [v.outcome for v in verifier.verify(["so \\boxed{0.5}", "0.5"], ["\\frac12"] * 2)] == ["pass", "no_answer"]
    verifier.close()
    assert task.answer("\\boxed{ 1{,}000 }") == "1000"


def test_an_answer_may_be_a_number(tmp_path) -> None:
    whole = write(tmp_path / "a.jsonl", *[{"problem": f"p{i}", "answer": i} for i in range(3)])
    parts = write(tmp_path / "b.jsonl", *[{"problem": f"q{i}", "answer": i + 0.5} for i in range(2)])
    task = Math(MathConfig(path=whole, test_path=parts))
    assert [item.target for item in items_of(task)] == ["0", "1", "2", "0.5", "1.5"]


def test_what_is_neither_text_nor_number_is_named(tmp_path) -> None:
    path = write(tmp_path / "a.jsonl", {"problem": "p", "answer": True})
    with pytest.raises(TaskError, match="row 1: field 'answer' is no text, got True"):
        Math(MathConfig(path=path, test_share=1e-9))


@pytest.mark.usefixtures("all_train")
def test_every_bad_row_is_named_with_its_number_in_the_file(tmp_path) -> None:
    rows = [problem(i) for i in range(40)]
    rows[3] = {"problem": "a", "solution": "no box"}
    rows[7] = {"problem": " ", "solution": "\\boxed{1}"}
    rows[9] = {"problem": "b", "solution": "\\boxed{\\frac{1}{}"}
    rows[11] = {"problem": "c", "solution": "\\boxed{nan}"}
    rows[13] = {"problem": "d", "solution": "\\boxed{x+\\frac{1}{}}"}
    path = write(tmp_path / "all.jsonl", *rows)
    with pytest.raises(TaskError) as caught:
        Math(MathConfig(path=path, test_share=1e-9))
    head, *lines = str(caught.value).split("\n  ")
    assert head == f"{path} (train): 5 bad rows"
    assert [line.partition(":")[0] for line in lines] == ["row 4", "row 8", "row 10", "row 12", "row 14"]
    assert "'solution' has no \\boxed{}" in lines[0] and "'problem' or 'prompt' is empty" in lines[1]
    assert "NaN" in lines[3] and all(line.endswith("; correct or remove the row") for line in lines)


def test_bad_configs_name_every_field() -> None:
    with pytest.raises(ValueError, match=r"path .*test_path .*test_share .*template"):
        MathConfig(path="", test_path="", test_share=0, template="x")


def test_held_out_rows_from_another_file(tmp_path: Path) -> None:
    train = write(tmp_path / "a.jsonl", *[problem(i) for i in range(5)])
    task = Math(MathConfig(path=train, test_path=write(tmp_path / "b.jsonl", problem(7), problem(8))))
    assert (task.size("train"), task.size("test")) == (5, 2)


@pytest.mark.parametrize("file", data.files("math500.jsonl"))
def test_real_rows(tmp_path: Path, file: Path) -> None:
    rows = data.rows(file)
    task = Math(MathConfig(path=write(tmp_path / "rows.jsonl", *rows)))
    items = items_of(task)
    assert len(items) == len(rows)
    assert {item.prompt for item in items} == {f"{row['prompt'].rstrip()}\n" for row in rows}
    assert all(item.prompt.count(ASK) == 1 for item in items)
