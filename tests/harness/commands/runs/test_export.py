"""`rlvr-bench export`: what other programs read is what the run has."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build, from_dict
from rlvr_bench.harness.errors import ConfigError, UserError
from rlvr_bench.harness.records import RecordError, read_json
from rlvr_bench.harness.state import checkpoint
from rlvr_bench.harness.training.warm_start import base_model, checkpointed_model
from tests.harness.cli_calls import RUN, call
from tests.tolerance import assert_close


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


def test_an_exported_adapter_is_in_the_weights(tmp_path: Path) -> None:
    """Transformers' own logits are those of the run's actor: base and adapter in one."""
    from transformers import AutoModelForCausalLM

    (tmp_path / "x.toml").write_text(RUN)
    changed = ("model.adapter.rank=2", "train.lr=0.05", "reward.source=random", "warm_start.steps=2")
    words = [word for text in changed for word in ("--set", text)]
    assert call("train", str(tmp_path / "x.toml"), "--out", str(tmp_path / "run"), *words)[0] == 0
    assert call("export", str(tmp_path / "run"), "--out", str(tmp_path / "hf"))[0] == 0
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "hf")
    settings = from_dict(read_json(tmp_path / "run/config.json")["config"])
    task = build(plugins.TASKS, settings.task)
    actor, _ = checkpointed_model(settings, task, checkpoint.required(tmp_path / "run"))
    base, _, _ = base_model(settings, task)
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        exported, trained, untrained = (model(input_ids=ids).logits for model in (loaded, actor, base))
    assert_close(trained, exported)
    assert float((trained - untrained).abs().max()) > 1e-3
