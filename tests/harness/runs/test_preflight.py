"""What would stop a run in its middle stops it before a model is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.schema import ModelConfig, RunConfig
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.runs.preflight import preflight
from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
from tests.harness.cli_calls import RUN, SUITE, main
from tests.harness.small_runs import ParityVerifier, config


def test_every_task_is_opened_once_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Watched(ParityVerifier):
        def __init__(self, missing_every: int) -> None:
            seen.append(f"open {missing_every}")

        def close(self) -> None:
            seen.append("close")

    monkeypatch.setattr("tests.harness.small_runs.ParityVerifier", Watched)
    preflight([config(), config(seed=2), config(task={"missing_every": 3})])
    assert seen == ["open 0", "close", "open 3", "close"]


def test_all_that_is_missing_is_told_at_once() -> None:
    gone = [config(task={"name": "jsonl", "path": f"nowhere-{i}.jsonl"}) for i in range(2)]
    with pytest.raises(ConfigError) as caught:
        preflight([*gone, config(reward={"components": {"style": 1.0}})])
    assert [
        next(word for word in ("nowhere-0", "nowhere-1", "style") if word in line) for line in caught.value.problems
    ]
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("command", ["run", "train", "reward-model"])
def test_no_sandbox_no_run(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rlvr_bench.harness.tasks.procedural.sort import Sort

    def unavailable(_: Any) -> Sequence[Any]:
        raise SandboxUnavailable({"landlock": "[Errno 38] no such call"})

    monkeypatch.setattr(Sort, "verifiers", unavailable)
    monkeypatch.setattr(
        "rlvr_bench.harness.training.warm_start.load_base", lambda *_, **__: pytest.fail("a model was loaded")
    )
    (tmp_path / "x.toml").write_text(SUITE if command == "run" else RUN)
    out = [] if command == "reward-model" else ["--out", str(tmp_path / "out")]
    status, err = main(monkeypatch, capsys, command, str(tmp_path / "x.toml"), *out)
    assert status == 78
    assert "Errno 38" in err
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def other_tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a tokenizer that lacks the tags."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("models") / "few-words"
    model, _ = load_base(ModelConfig("tiny:16x1"), seed=1)
    words = {word: i for i, word in enumerate(("<pad>", "<eos>", "<unk>", "even", "odd"))}
    backend = Tokenizer(WordLevel(words, unk_token="<unk>"))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )
    model.config.model_type = "qwen2"
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def told(**model: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        preflight([config(algorithm={"name": "ppo"}, model=model)])
    return list(caught.value.problems)


def test_a_critic_that_reads_other_tokens_is_refused_and_both_are_named(other_tokens: Path) -> None:
    (line,) = told(critic=str(other_tokens))
    assert line.startswith("model.critic: the tokenizers of tiny:16x1 (103 tokens) and ")
    assert f"{other_tokens} (" in line and "differ, so the critic cannot read the actor's tokens" in line


@pytest.mark.parametrize("name", ["arch:none", "tiny:7x1", "./no-folder"])
def test_a_critic_that_is_no_model_is_named_as_the_critic(name: str) -> None:
    (line,) = told(critic=name)
    assert line.startswith("model.critic: ") and "model.name" not in line


def test_so_is_a_reward_model_where_there_is_one(other_tokens: Path) -> None:
    def learned(source: str, name: str) -> RunConfig:
        return config(reward={"source": source, "model": name})

    for name, part in ((str(other_tokens), "so the reward model cannot read"), ("arch:none", "no architecture 'none'")):
        with pytest.raises(ConfigError, match=part) as caught:
            preflight([learned("learned", name)])
        (line,) = caught.value.problems
        assert line.startswith("reward.model: ") and "model.name" not in line
    preflight([learned("verifier", "arch:none"), learned("learned", "tiny:32x1")])


def test_layers_that_are_not_there_are_told_with_those_that_are() -> None:
    """Both at once, and what is right passes."""
    seven = "q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj"
    assert told(adapter={"targets": ["query", "q_proj", "lm_head"]}) == [
        f"model.adapter.targets: tiny:16x1 has no linear layer {name!r}; it has {seven}"
        for name in ("query", "lm_head")
    ]
    preflight(
        [
            config(model={"adapter": {"targets": ["q_proj"]}}),
            config(algorithm={"name": "ppo"}, model={"critic": "tiny:32x1"}),
        ]
    )


def test_adapters_without_their_package_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlvr_bench.harness.config.checks.find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r"model.adapter: needs the package peft: pip install 'rlvr-bench\[adapters\]'"
    ):
        config(model={"adapter": {}})
