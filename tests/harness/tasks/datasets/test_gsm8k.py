"""GSM8K from local files."""

import json
from pathlib import Path

import pytest

from rlvr_bench.harness.tasks.datasets.gsm8k import GSM8K, GSM8KConfig
from rlvr_bench.harness.tasks.types import Task, TaskError

SHARED = Path(__file__).parents[3] / "../shared/data"


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Arrow files go to a folder of the test, not to the user's cache."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("datasets"))


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


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


def test_one_file_is_split_by_its_questions(tmp_path):
    write(tmp_path / "all.jsonl", *[row(i) for i in range(200)])
    task = GSM8K(GSM8KConfig(path=str(tmp_path / "all.jsonl")))
    prompts = {s: {task.item(s, i).prompt for i in range(task.size(s))} for s in ("train", "test")}
    assert len(prompts["train"]) + len(prompts["test"]) == 200
    assert not prompts["train"] & prompts["test"]


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


def test_missing_files_and_bad_config(tmp_path):
    with pytest.raises(TaskError, match=r"neither gsm8k_train.jsonl nor train.jsonl"):
        GSM8K(GSM8KConfig(path=str(tmp_path)))
    with pytest.raises(ValueError, match=r"path .*template"):
        GSM8KConfig(path="", template="x")


def test_a_hub_that_cannot_be_reached(monkeypatch):
    import datasets

    def refuse(*args, **kwargs):
        raise ConnectionError("offline")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(TaskError, match=r"openai/gsm8k: cannot be loaded \(ConnectionError: offline\); give a folder"):
        GSM8K(GSM8KConfig())


def test_the_real_test_set():
    path = SHARED / "gsm8k_test.jsonl"
    if not path.exists() or not (SHARED / "gsm8k_train.jsonl").exists():
        pytest.skip("shared/data/gsm8k_{train,test}.jsonl are not here")
    golds = [json.loads(line)["answer"] for line in path.read_text("utf-8").splitlines()]
    task = GSM8K(GSM8KConfig(path=str(SHARED)))
    assert (task.size("train"), task.size("test"), len(golds)) == (7473, 1319, 1319)
    targets = [task.item("test", i).target for i in range(1319)]
    verify = task.verifiers()["correct"].verify
    assert {v.outcome for v in verify(golds, targets)} == {"pass"}
    # each row judged by the next row whose number differs
    others = [next(t for t in targets[i + 1 :] + targets if float(t) != float(targets[i])) for i in range(1319)]
    assert {v.outcome for v in verify(golds, others)} == {"wrong"}
    tagged = [
        f"<think>{gold.partition('####')[0]}</think><answer>{t}</answer>"
        for gold, t in zip(golds, targets, strict=True)
    ]
    assert sum(v.reward for v in verify(tagged, targets)) == 1319
