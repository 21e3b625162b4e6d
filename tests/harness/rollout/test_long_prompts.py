"""Prompts that are too long are named before a run, or left out and counted; a token is a character here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.models.tiny import character_tokenizer
from rlvr_bench.harness.records import read_completions, read_json
from rlvr_bench.harness.rollout import long_prompts
from rlvr_bench.harness.rollout.long_prompts import Fitting, fitting, told
from rlvr_bench.harness.runs.preflight import preflight
from rlvr_bench.harness.state.identity import inputs_of
from rlvr_bench.harness.tasks.types import Item, Task, TaskError
from rlvr_bench.rewards.types import Verifier
from tests.harness.cli_calls import call
from tests.harness.small_runs import config
from tests.harness.tasks.local_rows import write

LENGTHS = (4, 30, 5, 31, 6, 7, 8, 9)


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    """A run on prompts of LENGTHS characters, of which at most 16 are allowed, and on three held-out ones."""
    rows = [{"prompt": "abcdefgh"[i] * length, "answer": "x"} for i, length in enumerate(LENGTHS)]
    held_out = [{"prompt": "t" * length, "answer": "x"} for length in (3, 20, 5)]
    other = [{"prompt": "v" * 6, "answer": "x"}]
    paths = {
        "path": write(tmp_path / "train.jsonl", *rows),
        "test_path": write(tmp_path / "test.jsonl", *held_out),
        "validation_path": write(tmp_path / "validation.jsonl", *other),
    }

    def made(policy: str, **sections: Any) -> RunConfig:
        rollout = {"max_prompt_tokens": 16, "long_prompts": policy, **sections.pop("rollout", {})}
        return config(task={"name": "jsonl", **paths}, rollout=rollout, **sections)

    return made


def task_of(settings: RunConfig) -> Task:
    return build(plugins.TASKS, settings.task)


def test_errors_name_every_row_that_the_run_would_read(settings: Any) -> None:
    one = settings("error", evaluate={"every": 1, "items": 2})
    with pytest.raises(ConfigError) as caught:
        preflight([one, one])
    assert list(caught.value.problems) == [
        "rollout.max_prompt_tokens: 2 of 8 prompts of the split train are longer than 16 tokens: "
        "jsonl/train/1 (row 2, 30 tokens), jsonl/train/3 (row 4, 31 tokens); raise it, or set rollout.long_prompts = "
        '"drop" to leave them out',
        "rollout.max_prompt_tokens: 1 of 2 prompts of the split test are longer than 16 tokens: jsonl/test/1 (row 2, "
        '20 tokens); raise it, or set rollout.long_prompts = "drop" to leave them out',
    ]


def test_held_out_rows_that_no_evaluation_reads_may_be_long(settings: Any) -> None:
    found = long_prompts.problems(
        task_of(one := settings("error", evaluate={"every": 1, "items": 1})), character_tokenizer(), one
    )
    assert [line.split(" are ")[0] for line in found] == [
        "rollout.max_prompt_tokens: 2 of 8 prompts of the split train"
    ]
    one = settings("error", evaluate={"every": 0}, rollout={"max_prompt_tokens": 31})
    assert long_prompts.problems(task_of(one), character_tokenizer(), one) == []


def test_many_rows_are_counted(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_prompts, "NAMED", 3)
    one = settings("error", rollout={"max_prompt_tokens": 2})
    (line,) = long_prompts.problems(task_of(one), character_tokenizer(), one)
    assert line.count("jsonl/train/") == 3
    assert "and 5 more" in line


def test_what_is_dropped_is_counted_and_the_rest_follow_one_another(settings: Any) -> None:
    one = settings("drop")
    task, dropped = fitting(whole := task_of(one), character_tokenizer(), one)
    assert dropped == {"train": 2, "test": 1}
    assert (task.size("train"), task.size("test"), task.size("validation")) == (6, 2, 1)
    assert [task.item("train", i).id for i in range(6)] == [f"jsonl/train/{i}" for i in (0, 2, 4, 5, 6, 7)]
    with pytest.raises(IndexError):
        task.item("train", 6)
    with pytest.raises(IndexError):
        task.item("train", -1)
    assert task.answer("<answer>x</answer>") == whole.answer("<answer>x</answer>")
    assert task.verifiers().keys() == whole.verifiers().keys()
    notes: list[str] = []
    preflight([one], notes.append)
    assert notes == told(dropped, one)
    assert notes[0] == "left out 2 prompts of the split train: longer than 16 tokens (rollout.long_prompts)"


def test_nothing_is_dropped_unless_asked_for(settings: Any) -> None:
    task = task_of(one := settings("error"))
    assert fitting(task, character_tokenizer(), one) == (task, {})


def test_some_prompt_must_be_left(settings: Any) -> None:
    one = settings("drop", rollout={"max_prompt_tokens": 3})
    with pytest.raises(TaskError, match="every prompt of the split train is longer than 3 tokens"):
        fitting(task_of(one), character_tokenizer(), one)
    with pytest.raises(ConfigError, match="every prompt of the split train"):
        preflight([one])


def test_the_identity_is_that_of_all_items(settings: Any) -> None:
    """So a run and what is made before it look in the same place of the cache; the choice is in the keys."""
    one = settings("drop")
    task, _ = fitting(task_of(one), character_tokenizer(), one)
    assert isinstance(task, Fitting)
    assert inputs_of(one, task) == inputs_of(one, task_of(one))
    assert long_prompts.choice_of(one) == {"prompts_up_to": 16}
    assert long_prompts.choice_of(settings("error")) == {}


def test_an_endless_task_is_judged_by_its_first_items() -> None:
    one = config(rollout={"max_prompt_tokens": 7})  # "even 2:" has 7, "odd 3:" has 6
    (line,) = long_prompts.problems(task := task_of(one), character_tokenizer(), one)
    assert line.startswith("rollout.max_prompt_tokens: ")
    assert "of 256 prompts of the split train" in line
    assert "parity/train/10 (8 tokens)" in line
    assert fitting(task, character_tokenizer(), one) == (task, {})


class Uneven:
    """Endless, with prompts of 1 to 9 characters."""

    Config = None

    def size(self, split: str) -> int | None:
        return None

    def item(self, split: str, index: int) -> Item:
        return Item(f"{split}/{index}", "x" * (1 + index % 9), None)

    def verifiers(self) -> dict[str, Verifier]:
        return {}

    def answer(self, completion: str) -> str | None:
        return None


def test_in_an_endless_task_others_take_the_place_of_those_that_are_left_out() -> None:
    one = config(rollout={"max_prompt_tokens": 6, "long_prompts": "drop"}, evaluate={"every": 1, "items": 4})
    task, dropped = fitting(Uneven(), character_tokenizer(), one)
    assert dropped == {f"{split}, of the first 256": 84 for split in ("train", "test")}  # 28 times 3, and 1 to 4
    items = [task.item("train", i) for i in range(90)]
    assert {len(item.prompt) for item in items} <= set(range(1, 7)) and len({item.id for item in items}) == 90
    for i, item in enumerate(items):
        assert (item == Uneven().item("train", i)) == (i % 9 < 6)
    assert task.size("train") is None and long_prompts.problems(Uneven(), character_tokenizer(), one) == []
    assert told(dropped, one)[0].startswith("left out 84 prompts of the split train, of the first 256: longer than 6")


def test_an_endless_task_whose_prompts_are_all_too_long_is_refused() -> None:
    one = config(rollout={"max_prompt_tokens": 3, "long_prompts": "drop"})
    with pytest.raises(TaskError, match="every prompt of the split train is longer than 3 tokens"):
        fitting(task_of(one), character_tokenizer(), one)


@pytest.mark.usefixtures("settings")
def test_a_run_trains_on_what_is_left_and_records_the_count(tmp_path: Path) -> None:
    files = {name: str(tmp_path / f"{name}.jsonl") for name in ("train", "test", "validation")}
    (tmp_path / "x.toml").write_text(f"""
algorithm.name = "grpo"
model.name = "tiny:16x1"
rollout = {{ prompts = 4, group_size = 2, max_tokens = 3, max_prompt_tokens = 16, long_prompts = "drop" }}
train.steps = 3
evaluate = {{ every = 3, items = 3, samples = 1, k = [1] }}
measure.sample_completions = 1000
[task]
name = "jsonl"
path = "{files["train"]}"
test_path = "{files["test"]}"
validation_path = "{files["validation"]}"
""")
    status, out, _ = call("train", str(tmp_path / "x.toml"), "--out", str(tmp_path / "out"))
    assert (status, out.splitlines()[0].startswith("left out 2 prompts")) == (0, True)
    assert read_json(tmp_path / "out/summary.json")["dropped"] == {"train": 2, "test": 1}
    prompts = {row["prompt"] for row in read_completions(tmp_path / "out/completions.jsonl.gz")}
    assert max(map(len, prompts)) <= 16
    assert {"ttt", "ttttt"} < prompts
