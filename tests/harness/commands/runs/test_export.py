"""`rlvr-bench export`: what other programs read is what the run has."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rlvr_bench.harness.errors import ConfigError, UserError
from rlvr_bench.harness.records import RecordError
from rlvr_bench.harness.state import checkpoint
from tests.harness.cli_calls import RUN, call


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, cache_folder: None) -> Path:
    """A run of two steps with a checkpoint; no test changes its records."""
    folder = tmp_path_factory.mktemp("export")
    (folder / "x.toml").write_text(RUN)
    assert call("train", str(folder / "x.toml"), "--out", str(folder / "sorting"))[0] == 0
    return folder / "sorting"


def test_transformers_load_the_trained_weights(run: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    assert call("export", str(run), "--out", str(tmp_path / "hf"))[1] == f"{tmp_path / 'hf'}\n"
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "hf")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "hf")
    assert tokenizer.decode(tokenizer("sort 3 1 2:")["input_ids"]) == "sort 3 1 2:"
    trained = {name.removeprefix("lm."): tensor for name, tensor in checkpoint.load_weights(run).items()}
    loaded = model.state_dict()
    assert trained.keys() == loaded.keys()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in trained.items())


def test_the_exported_folder_is_a_model_like_any_other(run: Path, tmp_path: Path) -> None:
    assert call("export", str(run), "--out", str(tmp_path / "hf"))[0] == 0
    words = ("--task", "sort", "--set", "rollout.max_tokens=3", "--items", "2", "--samples", "1")
    assert call("eval", "--model", str(tmp_path / "hf"), *words)[0] == 0


def test_a_tokenizer_that_reads_otherwise_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the character tokenizer would, saved as it is: `AutoTokenizer` splits by Qwen2's rules."""
    monkeypatch.setattr("rlvr_bench.harness.models.tiny.as_qwen2", lambda tokenizer: tokenizer)
    with pytest.raises(UserError, match="otherwise with the saved tokenizer"):
        call("export", str(run), "--out", str(tmp_path / "hf"))


def test_by_default_it_goes_into_the_run_and_is_not_overwritten(run: Path) -> None:
    assert call("export", str(run))[1] == f"{run / 'huggingface'}\n"
    assert (run / "huggingface/README.md").read_text().startswith("---\nlibrary_name: transformers\n")
    with pytest.raises(ConfigError, match="is not empty; choose another folder"):
        call("export", str(run))


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"config.json"):
        call("export", str(tmp_path), "--out", str(tmp_path / "hf"))
    assert not (tmp_path / "hf").exists()
