"""`rlvr-bench eval`: a checkpoint is evaluated as the run itself evaluated it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.records import read_metrics
from rlvr_bench.harness.state.checkpoint import CheckpointError
from tests.harness.cli_calls import RUN, call


def trained(folder: Path, *settings: str) -> Path:
    (folder / "x.toml").write_text(RUN)
    words = [word for text in settings for word in ("--set", text)]
    assert call("train", str(folder / "x.toml"), "--out", str(folder / "out"), *words)[0] == 0
    return folder / "out"


def found(folder: Path, *words: str) -> dict[str, Any]:
    return json.loads(call("eval", str(folder), *words)[1])


def accuracy(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name.startswith("eval/")}


def test_it_finds_what_the_run_itself_found_last(tmp_path: Path) -> None:
    folder = trained(tmp_path)
    whole = found(folder)
    assert accuracy(whole) == accuracy(read_metrics(folder / "metrics.jsonl")[-1])
    assert (whole["items"], whole["samples"]) == (4, 2)
    fewer = found(folder, "--items", "3", "--samples", "1")
    assert (fewer["items"], fewer["samples"]) == (3, 1)
    assert "eval/pass@2" not in fewer  # k cannot exceed the samples
    assert "eval/pass@1" in fewer


def test_without_a_checkpoint_there_is_nothing_to_evaluate(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        found(trained(tmp_path, "train.checkpoint_every=0", "evaluate.every=0"))
