"""Whatever is wrong with what a user gives is one plain line, status 2, before a model is loaded; no folder is left."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models.base import load_base, without_weights
from rlvr_bench.harness.models.tiny import ModelError, as_qwen2
from rlvr_bench.harness.records import only_writer
from rlvr_bench.harness.training import warm_start
from tests.harness.cli_calls import RUN, SUITE, main

NAMED_WITHIN = 2.0
"""Seconds in which a broken model folder is named, libraries already loaded."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder as transformers writes it."""
    folder = tmp_path_factory.mktemp("models") / "sound"
    lm, tokenizer = load_base(ModelConfig("tiny:16x1"), seed=0)
    lm.save_pretrained(folder)
    as_qwen2(tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture
def model(sound: Path, tmp_path: Path) -> Path:
    """A copy that a test may break."""
    return Path(shutil.copytree(sound, tmp_path / "model"))


def edit(path: Path, **changes: Any) -> None:
    """Change entries of a JSON file; None removes one."""
    data = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in data.items() if value is not None}))


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def shard_is_missing(model: Path) -> None:
    index = {"metadata": {}, "weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (model / "model.safetensors.index.json").write_text(json.dumps(index))


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "is no folder here and no name of the hub"),
    "an empty folder": (lambda m: [file.unlink() for file in m.iterdir()], "no config.json in this folder"),
    "no config": (lambda m: (m / "config.json").unlink(), "no config.json in this folder"),
    "a torn config": (lambda m: shorten(m / "config.json"), "are no model"),
    "no weights": (lambda m: (m / "model.safetensors").unlink(), "no weights in"),
    "torn weights": (lambda m: shorten(m / "model.safetensors"), "model.safetensors is damaged"),
    "weights that are none": (lambda m: (m / "model.safetensors").write_bytes(b"x" * 64), "is damaged"),
    "a missing shard": (shard_is_missing, "has no model-00002-of-00002.safetensors"),
    "a torn index": (lambda m: (m / "model.safetensors.index.json").write_text("{"), "index.json is damaged"),
    "a torn tokenizer": (lambda m: shorten(m / "tokenizer.json"), "are no model"),
    "a short context": (lambda m: edit(m / "config.json", max_position_embeddings=20), "the model holds 20"),
    "a generation config that is none": (lambda m: (m / "generation_config.json").write_text("[]"), "are no model"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_model_folder_is_named_soon(
    case: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, text = BROKEN[case]
    without_weights(str(model))  # the libraries are loaded now
    damage(model)
    (tmp_path / "x.toml").write_text(RUN)
    monkeypatch.setattr(warm_start, "load_base", lambda *_, **__: pytest.fail("a model was loaded"))
    begin = time.monotonic()
    words = ["--set", f"model.name={model}", "--set", "rollout.max_prompt_tokens=40", "--out", str(tmp_path / "out")]
    status, err = main(monkeypatch, capsys, "train", str(tmp_path / "x.toml"), *words)
    assert time.monotonic() - begin < NAMED_WITHIN
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert (status, len(lines), len(err.splitlines())) == (2, 1, 1), err
    assert text in lines[0]
    assert not (tmp_path / "out").exists()


def test_nobody_names_an_end(model: Path) -> None:
    (model / "generation_config.json").unlink()
    edit(model / "config.json", eos_token_id=None)
    edit(model / "tokenizer_config.json", eos_token=None)
    with pytest.raises(ModelError, match="names a token that ends a completion"):
        without_weights(str(model))


@pytest.mark.parametrize("gone", [["eos_token"], ["pad_token"], ["eos_token", "pad_token"]], ids=str)
def test_a_tokenizer_without_pad_or_end_takes_what_the_model_names(gone: list[str], model: Path) -> None:
    """The class that transformers takes for it would add tokens that the model has no rows for."""
    edit(model / "tokenizer_config.json", **dict.fromkeys(gone))
    lm, tokenizer = load_base(ModelConfig(str(model)), seed=0)
    assert tokenizer.eos_token_id == lm.config.eos_token_id
    assert tokenizer.pad_token_id < lm.config.vocab_size


DATA: dict[str, tuple[str, str]] = {
    "no rows": ("", "no row for the split"),
    "blank lines only": ("\n\n\n", "no row for the split"),
    "a row that is no JSON": ('{"prompt": "a", "answer": "1"}\n{"prompt": \n', "row 2: not a JSON object"),
    "a row that is a list": ('["a"]\n', "row 1: not a JSON object"),
    "a row without an answer": ('{"prompt": "a"}\n', "row 1: no field 'answer'"),
    "a blank prompt": ('\n{"prompt": " ", "answer": "1"}\n', "row 2: field 'prompt' must be a string"),
    "an answer that is null": ('{"prompt": "a", "answer": null}\n', "row 1: field 'answer' must not be empty"),
    "bytes that are no text": ("\udcff\n", "row 1: not a JSON object"),
}


@pytest.mark.parametrize("case", DATA)
def test_bad_data_are_named_with_their_rows(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text, named = DATA[case]
    (tmp_path / "d.jsonl").write_bytes(text.encode(errors="surrogateescape"))
    (tmp_path / "x.toml").write_text(RUN)
    words = ["--set", "task.name=jsonl", "--set", f"task.path={tmp_path / 'd.jsonl'}", "--out", str(tmp_path / "out")]
    status, err = main(monkeypatch, capsys, "train", str(tmp_path / "x.toml"), *words)
    assert (status, "Traceback" in err) == (2, False)
    assert named in err
    assert "d.jsonl" in err
    assert not (tmp_path / "out").exists()


FILES: dict[str, tuple[str, str, str]] = {
    "a task that nobody offers": ("run", SUITE.replace('"sort"', '"sorrt"'), "no plugin 'sorrt'; did you mean 'sort'"),
    "an algorithm that nobody offers": ("run", SUITE.replace('"grpo"', '"grop"'), "no plugin 'grop'; did you mean"),
    "a suite for train": ("train", SUITE, "is a suite, not a run; start it with `rlvr-bench run"),
    "a run for run": ("run", RUN, "is a run, not a suite; train it with `rlvr-bench train"),
    "no TOML": ("train", "a = \n", "not TOML"),
    "an empty file": ("train", "", "task.name: missing"),
    "a model that is misspelled": ("train", RUN.replace("tiny:16x1", "tini:16x1"), "'tini:16x1' is no folder here"),
    "an architecture that is none": ("train", RUN.replace("tiny:16x1", "arch:gpt"), "no architecture 'gpt'"),
    "a GPU that is not there": ("train", RUN.replace('"tiny:16x1"', '"tiny:16x1", device = "cuda"'), "no GPU"),
    "a prompt that is too long": ("train", RUN.replace("max_tokens", "max_prompt_tokens = 2, max_tokens"), "than 2"),
    "more tokens than the context": ("train", RUN.replace("max_tokens = 3", "max_tokens = 4000"), "model holds 4096"),
    "a verifier that nobody offers": ("train", RUN.replace('"sort"', '"jsonl"') + 'task.verifier = "exakt"', "exakt"),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_bad_files_are_told_in_a_line(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command, text, named = FILES[case]
    (tmp_path / "x.toml").write_text(text)
    monkeypatch.setattr(warm_start, "load_base", lambda *_, **__: pytest.fail("a model was loaded"))
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    status, err = main(monkeypatch, capsys, command, str(tmp_path / "x.toml"), "--out", str(tmp_path / "out"))
    assert (status, "Traceback" in err) == (2, False), err
    assert named in err
    assert not (tmp_path / "out").exists()


def test_an_out_that_is_a_file_or_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.toml").write_text(RUN)
    (tmp_path / "file").write_text("mine")
    for out, named in ((tmp_path / "file", "is a file"), (tmp_path / "file" / "in", "cannot be written to")):
        status, err = main(monkeypatch, capsys, "train", str(tmp_path / "x.toml"), "--out", str(out))
        assert (status, named in err) == (2, True), err
    assert (tmp_path / "file").read_text() == "mine"


RESULTS: dict[str, tuple[dict[str, str], str]] = {
    "nothing in it": ({}, "suite.json"),
    "a torn manifest": ({"suite.json": '{"name": '}, "suite.json"),
    "a manifest that is none": ({"suite.json": "[]"}, "suite.json"),
}


@pytest.mark.parametrize("case", RESULTS)
def test_a_results_folder_that_is_none_is_named(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files, named = RESULTS[case]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    status, err = main(monkeypatch, capsys, "report", str(tmp_path))
    assert (status, "Traceback" in err, named in err) == (2, False, True), err
    assert {path.name for path in tmp_path.iterdir()} == set(files)


def test_a_folder_that_is_being_written_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.toml").write_text(SUITE)
    (tmp_path / "out").mkdir()
    with only_writer(tmp_path / "out"):
        words = ("run", str(tmp_path / "x.toml"), "--out", str(tmp_path / "out"))
        status, err = main(monkeypatch, capsys, *words)
    assert (status, "writes to it" in err) == (2, True), err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {".lock"}
