"""Runs whose actor and critic are adapters on one frozen base, from experience to checkpoint and export."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import torch

from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.engines.state_files import trained_state
from rlvr_bench.harness.models.roles import Policy
from rlvr_bench.harness.records import read_metrics
from rlvr_bench.harness.rollout.types import SamplingParams
from rlvr_bench.harness.state import checkpoint
from rlvr_bench.harness.state.checkpoint import CheckpointError
from rlvr_bench.harness.training.loop import Trainer
from rlvr_bench.harness.training.values import critic
from rlvr_bench.harness.training.warm_start import base_model, checkpointed_model
from rlvr_bench.rewards.types import PASS, wrong
from tests.harness.small_runs import ParityVerifier, config, metrics, run, same

PPO: dict[str, Any] = {"name": "ppo", "kl_coef": 0.05}
GRPO: dict[str, Any] = {"name": "grpo", "kl_coef": 0.05}
ADAPTED: dict[str, Any] = {"model": {"adapter": {"rank": 4, "alpha": 8.0}}}
WARM: dict[str, Any] = {"warm_start": {"steps": 2, "batch": 4}}


def learning(trainer: Trainer, role: Any = "actor") -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in trained_state(trainer.models.by_role[role]).items()}


def fresh_base(settings: Any) -> Any:
    return base_model(settings, build(plugins.TASKS, settings.task))[0]


@pytest.mark.parametrize("algorithm", [PPO, GRPO], ids=["ppo", "grpo"])
def test_training_moves_the_adapters_and_leaves_the_base(algorithm: dict[str, Any], tmp_path: Path) -> None:
    """And the reference says after training exactly what the base model does, which is not what the actor says."""
    train = {"steps": 3, "epochs": 2, "lr": 1e-2, "critic_lr": 1e-2}
    settings = config(algorithm=algorithm, train=train, **ADAPTED, **WARM)
    trainer = run(settings, tmp_path)
    base = fresh_base(settings)
    reference = trainer.models.by_role["reference"]
    assert same(dict(base.state_dict()), dict(reference.lm.state_dict()))  # type: ignore[union-attr]
    for role in trainer.learner.engines:
        moved = learning(trainer, role)
        kinds = {"lora_A", "lora_B"} | ({"head"} if role == "critic" else set())
        assert {k for name in moved for k in ("lora_A", "lora_B", "head") if k in name} == kinds
        assert all(bool(tensor.any()) for name, tensor in moved.items() if "lora_B" in name), "zero before training"
    rollout = completions(trainer)
    with torch.no_grad():
        expected = Policy(base)(rollout, temperature=1.0)[0]
        assert torch.equal(expected, reference(rollout, temperature=1.0)[0])
        assert not torch.equal(expected, trainer.models.actor(rollout, temperature=1.0)[0])
    rows = metrics(tmp_path)
    assert rows[-1]["train/kl_to_reference"] > 1e-6


def completions(trainer: Trainer) -> Rollout:
    samples = trainer.sampler.generate([[5, 6, 7], [8, 9]], SamplingParams(4, 3), seed=2)
    from rlvr_bench.harness.rollout.types import as_rollout

    return as_rollout(samples, max_tokens=3)


def test_kept_log_probabilities_are_the_scored_ones_after_training(tmp_path: Path) -> None:
    trainer = run(config(algorithm=PPO, train={"steps": 3, "epochs": 2, "lr": 1e-2}, **ADAPTED), tmp_path)
    samples = trainer.sampler.generate([[5, 6, 7], [8, 9]], SamplingParams(4, 3), seed=2)
    with torch.no_grad():
        scored = trainer.models.actor(completions(trainer), temperature=1.0)[0]
    assert samples.logprobs is not None
    assert float((samples.logprobs - scored).abs().max()) < 1e-5


@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_it_learns(algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To write an a more often, where the base model writes a or b, whatever the prompt is."""
    monkeypatch.setattr(
        ParityVerifier, "verify", lambda _, texts, golds: [PASS if text[:1] == "a" else wrong() for text in texts]
    )
    settings = config(
        algorithm={"name": algorithm, "kl_coef": 0.0},
        rollout={"prompts": 8, "group_size": 8, "max_tokens": 1, "min_tokens": 1},
        train={"steps": 20, "lr": 1e-2, "critic_lr": 1e-2, "epochs": 2},
        # A frozen base of random weights gives all tokens about the same probability, whatever its state is.
        warm_start={"steps": 60, "batch": 16, "lr": 2e-2, "noise": 0.5},
        **ADAPTED,
    )
    run(settings, tmp_path)
    curve = [row["rollout/true_reward_mean"] for row in metrics(tmp_path)]
    # 320 completions in five steps: a standard error of .03.  The head is a frozen table that tells a from b badly.
    assert fmean(curve[-5:]) > fmean(curve[:3]) + 0.1


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_it_goes_on_from_a_checkpoint_to_the_bit(dtype: str, tmp_path: Path) -> None:
    model = {**ADAPTED["model"], "dtype": dtype}
    parts: dict[str, Any] = {"algorithm": PPO, "reward": {"source": "both"}, "model": model, **WARM}
    whole = run(config(train={"steps": 4}, **parts), tmp_path / "whole")
    run(config(train={"steps": 2, "checkpoint_every": 2}, **parts), tmp_path / "cut")
    again = run(config(train={"steps": 4, "checkpoint_every": 2}, **parts), tmp_path / "cut", resume=True)
    assert metrics(tmp_path / "whole") == metrics(tmp_path / "cut")
    for role in ("actor", "critic"):
        assert same(learning(whole, role), learning(again, role))
    assert whole.learner.states() == again.learner.states()


def test_a_checkpoint_holds_what_is_trained_and_no_more(tmp_path: Path) -> None:
    trainer = run(config(algorithm=PPO, train={"steps": 1, "checkpoint_every": 1}, **ADAPTED), tmp_path)
    for role in ("actor", "critic"):
        saved = checkpoint.load_weights(tmp_path, role)
        assert same(saved, learning(trainer, role))
        states = trainer.learner.states()[role]
        numbers = sum(tensor.numel() for tensor in saved.values())
        assert numbers == states.learning == states.trained_parameters < states.parameters
        assert states.gradients == 4 * numbers
        # Two moments of each number, and a count of steps for each tensor.
        assert states.optimizer == 8 * numbers + 4 * len(saved)


def test_a_checkpoint_gives_the_actor_back_and_refuses_another_base(tmp_path: Path) -> None:
    settings = config(train={"steps": 2, "checkpoint_every": 2, "lr": 1e-2}, **ADAPTED, **WARM)
    trainer = run(settings, tmp_path)
    found, task = checkpoint.required(tmp_path), build(plugins.TASKS, settings.task)
    lm, _ = checkpointed_model(settings, task, found)
    rollout = completions(trainer)
    with torch.no_grad():
        expected = trainer.models.actor(rollout, temperature=1.0)[0]
        assert torch.equal(expected, Policy(lm)(rollout, temperature=1.0)[0])
    other = config(train={"steps": 2}, **ADAPTED, warm_start={"steps": 3, "batch": 4})
    with pytest.raises(CheckpointError, match="holds an adapter, and its base model has other weights now"):
        checkpointed_model(other, task, found)


def test_a_pretrained_critic_is_one_for_all_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its adapter too, which the run's seed does not draw; the actor's it does."""
    train = {"critic_pretrain_steps": 1, "critic_pretrain_batch": 8, "steps": 1, "critic_lr": 1e-12}
    one = run(config(algorithm=PPO, train=train, seed=1, **ADAPTED), tmp_path / "1")
    monkeypatch.setattr(critic, "_Pretraining", lambda *_: pytest.fail("trained again"))
    two = run(config(algorithm=PPO, train=train, seed=2, **ADAPTED), tmp_path / "2")
    first, second = learning(one, "critic"), learning(two, "critic")
    assert all(torch.allclose(first[name], second[name], atol=1e-9) for name in first)
    assert not same({k: v for k, v in learning(one).items() if "lora_A" in k},
                    {k: v for k, v in learning(two).items() if "lora_A" in k})  # fmt: skip


def test_flops_know_that_the_base_has_no_gradient(tmp_path: Path) -> None:
    """tiny:16x1: an update of the actor is 4 FLOPs a token and parameter of the base and 6 of the adapter."""
    for name, parts in (("whole", {}), ("adapted", ADAPTED)):
        run(config(train={"steps": 1}, rollout={"min_tokens": 3}, **parts), tmp_path / name)
    whole, adapted = (read_metrics(tmp_path / name / "metrics.jsonl")[0] for name in ("whole", "adapted"))
    base = 4 * 16 * 16 + 3 * 16 + 3 * 16 * 64 + 3 * 16
    adapter = 4 * (4 * (16 + 16) + 3 * (16 + 64))
    # Equal lengths, so equal tokens: by the rollout's forward pass, 2 a token and parameter of the adapter more.
    tokens = (adapted["cost/flops/rollout"] - whole["cost/flops/rollout"]) / (2 * adapter)
    head = 103 * 16 * 3 * 16  # of each completion token
    expected = whole["cost/flops/update_actor"] + tokens * (6 * adapter - 2 * base) - 2 * head
    assert adapted["cost/flops/update_actor"] == pytest.approx(expected, rel=1e-9)
    assert adapted["cost/flops/score"] == whole["cost/flops/score"]  # of the reference
