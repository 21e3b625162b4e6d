"""`rlvr-bench eval`: a checkpoint is evaluated as the run itself evaluated it; any model on any task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.commands.evaluate import subject_of
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import read_json, read_metrics
from rlvr_bench.harness.state.checkpoint import CheckpointError
from tests.harness.cli_calls import RUN, call


def trained(folder: Path, *settings: str) -> Path:
    (folder / "x.toml").write_text(RUN)
    words = [word for text in settings for word in ("--set", text)]
    assert call("train", str(folder / "x.toml"), "--out", str(folder / "out"), *words)[0] == 0
    return folder / "out"


def found(*words: str) -> dict[str, Any]:
    return json.loads(call("eval", *words, "--json")[1])


def accuracy(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name.startswith("eval/")}


def test_it_finds_what_the_run_itself_found_last(tmp_path: Path) -> None:
    folder = str(trained(tmp_path))
    whole = found(folder)
    assert accuracy(whole) == accuracy(read_metrics(tmp_path / "out/metrics.jsonl")[-1])
    assert (whole["items"], whole["samples"], whole["step"]) == (4, 2, 2)
    fewer = found(folder, "--items", "3", "--samples", "1")
    assert (fewer["items"], fewer["samples"]) == (3, 1)
    assert "eval/pass@2" not in fewer  # k cannot exceed the samples
    assert "eval/pass@1" in fewer


def test_the_base_model_of_a_file_is_what_a_run_begins_with(tmp_path: Path) -> None:
    trained(tmp_path, "train.lr=0.5")
    base = found(str(tmp_path / "x.toml"))
    assert accuracy(base) == accuracy(read_metrics(tmp_path / "out/metrics.jsonl")[0])


def test_any_model_on_any_task_is_told_with_intervals_and_saved(tmp_path: Path) -> None:
    out = tmp_path / "found.json"
    sizes = ("--set", "rollout.max_tokens=3", "--items", "4", "--samples", "2")
    status, text, _ = call("eval", "--model", "tiny:16x1", "--task", "chain", *sizes, "--out", str(out))
    first, second, third = text.splitlines()
    assert (status, first) == (0, "tiny:16x1, on chain")
    assert second.startswith("pass@1 0.000 [0.000, 0.490], greedy 0.000 [0.000, 0.490] on 4 items of test")
    assert "length_mean" in third
    saved = read_json(out)
    assert saved["config"]["task"]["name"] == "chain"
    assert saved["counts"]["right"] == [0, 0, 0, 0]
    # Wilson with no right answer of four: 1.96^2 / (4 + 1.96^2) = 3.8416 / 7.8416
    assert saved["intervals"]["eval/pass@1"] == pytest.approx([0.0, 0.4899], abs=1e-4)


def test_a_run_on_another_task_keeps_its_weights(tmp_path: Path) -> None:
    folder = trained(tmp_path)
    subject = subject_of(folder, task="chain", overrides=["task.max_steps=4"])
    assert subject.checkpoint is not None
    assert (subject.config.task.name, subject.config.model.name) == ("chain", "tiny:16x1")
    assert "min_digits" not in subject.config.task.options
    other = subject_of(folder, model="tiny:32x1")
    assert (other.checkpoint, other.config.model.name, other.step) == (None, "tiny:32x1", 0)


def test_without_a_checkpoint_there_is_nothing_to_evaluate(tmp_path: Path) -> None:
    folder = trained(tmp_path, "train.checkpoint_every=0", "evaluate.every=0")
    with pytest.raises(CheckpointError):
        found(str(folder))


@pytest.mark.parametrize("words", [(), ("--model", "tiny:16x1"), ("--task", "sort")])
def test_a_model_and_a_task_are_needed(words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="give a run folder, a run's TOML file, or --model and --task"):
        call("eval", *words)


def test_where_it_saves_is_checked_before_anything_is_loaded(tmp_path: Path) -> None:
    words = ("eval", "--model", "tiny:16x1", "--task", "sort", "--out")
    with pytest.raises(ConfigError, match="is a folder; give a file"):
        call(*words, str(tmp_path))
    with pytest.raises(ConfigError, match="is no folder that can be written to"):
        call(*words, str(tmp_path / "nowhere" / "x.json"))


def test_a_misspelled_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"model.name: 'tinny:16x1' is no folder here"):
        call("eval", "--model", "tinny:16x1", "--task", "sort")


WARM = ("warm_start.steps=30", "warm_start.batch=16", "warm_start.lr=0.02", "rollout.max_tokens=12")
ADAPTED = ("model.adapter.rank=2", "train.lr=0.05", "reward.source=random", *WARM)


@pytest.mark.slow
def test_an_adapter_is_evaluated_on_the_base_that_it_was_trained_on(tmp_path: Path) -> None:
    """Which is warm-started; also on another task, and as another model's settings it is left out."""
    folder = trained(tmp_path, *ADAPTED)
    whole = found(str(folder))
    assert accuracy(whole) == accuracy(read_metrics(folder / "metrics.jsonl")[-1])
    assert accuracy(whole) != accuracy(found(str(tmp_path / "x.toml"), *(w for text in WARM for w in ("--set", text))))
    assert found(str(folder), "--set", "task.min_digits=3", "--items", "2")["items"] == 2
    with pytest.raises(CheckpointError, match="its base model has other weights now"):
        found(str(folder), "--set", "model.dtype=bfloat16")
    subject = subject_of(folder, model="tiny:32x1")
    assert subject.config.model.adapter is None and subject.trained is None
