"""Where a model's files are: named at once where they are not, and no name of a folder goes to the hub."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.models import files
from rlvr_bench.harness.models.files import model_files
from rlvr_bench.harness.models.tiny import ModelError


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking it is a failure of the test."""
    monkeypatch.setattr(files, "_from_hub", lambda name: pytest.fail(f"{name} went to the hub"))


def test_random_weights_have_no_files() -> None:
    assert model_files("tiny:64x2") == model_files("arch:qwen2.5-0.5b") == []


def test_a_folder_s_files_are_those_that_are_read(tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors", "tokenizer.json", "notes.md", "optimizer.pt"):
        (tmp_path / name).touch()
    assert [path.name for path in model_files(str(tmp_path))] == ["config.json", "model.safetensors", "tokenizer.json"]


@pytest.mark.parametrize(
    "name", ["nowhere", "./nowhere", "/nowhere/at/all", "~/nowhere", "here/model", "a/b/c", "x y/z"]
)
def test_what_is_no_folder_and_no_name_of_the_hub_is_named_at_once(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    begin = time.monotonic()
    with pytest.raises(ModelError, match="is no folder here and no name of the hub"):
        model_files(name)
    assert time.monotonic() - begin < 2


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json in this folder; give one that save_pretrained made"):
        model_files(str(tmp_path))


def test_a_name_of_the_hub_is_asked_for_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    (tmp_path / "config.json").touch()
    monkeypatch.setattr(files, "_from_hub", lambda name: asked.append(name) or tmp_path)
    assert [path.name for path in model_files("owner/model-1.5b")] == ["config.json"]
    assert asked == ["owner/model-1.5b"]
