"""GSM8K from local files."""

import pytest

from rlvr_bench.harness.tasks.datasets.gsm8k import GSM8K, GSM8KConfig
from rlvr_bench.harness.tasks.types import Task, TaskError
from tests import data
from tests.harness.tasks.local_rows import write

pytestmark = pytest.mark.usefixtures("arrow_cache")


def row(i, answer="4"):
    return {"question": f"{i} and so on?", "answer": f"Because <<2+2=4>>4.\n#### {answer}"}


@pytest.mark.parametrize("prefix", ["", "gsm8k_"])
def test_folder(tmp_path, prefix):
    write(tmp_path / f"{prefix}train.jsonl", row(0), row(1, "1,234"))
    write(tmp_path / f"{prefix}test.jsonl", row(2, "-3.50"))
    task = GSM8K(GSM8KConfig(path=str(tmp_path), template="{prompt} {{}}"))
    assert isinstance(task, Task)
    assert (task.size("train"), task.size("test")) == (2, 1)
    assert task.item("train", 1).target == "1234"
    assert task.item("test", 0).prompt == "2 and so on? {{}}"
    (verdict,) = task.verifiers()["correct"].verify(["so\n#### -3.5"], [task.item("test", 0).target])
    assert verdict.outcome == "pass"
    assert task.answer("#### 1,000") == "1000"
    with pytest.raises(IndexError):
        task.item("test", -1)


def test_unreadable_gold_names_its_row(tmp_path):
    write(
        tmp_path / "train.jsonl",
        row(0),
        row(1, "four"),
        {"question": "a", "answer": "4"},
        {"question": "", "answer": "#### 4"},
    )
    write(tmp_path / "test.jsonl", row(2))
    with pytest.raises(
        TaskError, match=r"\(train\): 3 bad rows\n  row 2: .*'answer'.*\n  row 3: .*\n  row 4: .*'question'"
    ):
        GSM8K(GSM8KConfig(path=str(tmp_path)))


def test_bad_configs_name_every_field():
    with pytest.raises(ValueError, match=r"path .*template"):
        GSM8KConfig(path="", template="x")


@pytest.mark.parametrize("file", data.files("gsm8k_test.jsonl"))
def test_real_rows(file):
    golds = [row["answer"] for row in data.rows(file)]
    task = GSM8K(GSM8KConfig(path=str(file.parent)))
    size = task.size("test")
    assert size == len(golds)
    assert task.size("train") + task.size("validation") == len(data.rows(file.parent / "gsm8k_train.jsonl"))
    targets = [task.item("test", i).target for i in range(size)]
    verify = task.verifiers()["correct"].verify
    assert {v.outcome for v in verify(golds, targets)} == {"pass"}
    # each row with the target of the next row whose number differs
    others = [next(t for t in targets[i + 1 :] + targets if float(t) != float(targets[i])) for i in range(size)]
    assert {v.outcome for v in verify(golds, others)} == {"wrong"}
    tagged = [
        f"<think>{gold.partition('####')[0]}</think><answer>{t}</answer>"
        for gold, t in zip(golds, targets, strict=True)
    ]
    assert sum(v.reward for v in verify(tagged, targets)) == size
