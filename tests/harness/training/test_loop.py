"""The loop: independent of how batches are split, reproducible and resumable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr_bench.harness.config.load import config_hash
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.training import checkpoint
from rlvr_bench.harness.training.loop import Trainer
from tests.harness.small_runs import CPU, config, metrics, run, same, weights
from tests.tolerance import assert_close

PPO = {"name": "ppo"}
LEARNED = {"source": "learned"}


@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_micro_batches_do_not_change_the_step(algorithm: str, tmp_path: Path) -> None:
    # 20 tokens are about one row at a time; two minibatches, so that their counts are used as well.
    trained = [
        weights(run(config(algorithm={"name": algorithm}, train={"steps": 1, "minibatches": 2, **micro}), tmp_path / n))
        for n, micro in (("whole", {}), ("split", {"micro_tokens": 20}))
    ]
    for name, whole in trained[0].items():
        assert_close(whole, trained[1][name], as_float32=True)
    # Adam does not see the scale of its first gradient, so the norm and the losses have to be looked at as well.
    (one,), (other,) = (metrics(tmp_path / n) for n in ("whole", "split"))
    names = [name for name, value in one.items() if name.startswith("train/") and value is not None]
    assert "train/grad_norm" in names
    assert_close([one[n] for n in names], torch.tensor([other[n] for n in names]), as_float32=True)


@pytest.mark.parametrize(
    "settings",
    [{}, {"algorithm": PPO, "reward": LEARNED, "train": {"epochs": 2, "minibatches": 2}}],
    ids=["grpo", "ppo-learned"],
)
def test_a_run_twice_is_bitwise_equal(settings: dict[str, Any], tmp_path: Path) -> None:
    one, two = (run(config(**settings), tmp_path / name) for name in ("one", "two"))
    assert metrics(tmp_path / "one") == metrics(tmp_path / "two")
    assert same(weights(one), weights(two))


@pytest.mark.usefixtures("empty_cache")
def test_a_run_is_the_same_with_a_cold_and_a_warm_cache(tmp_path: Path) -> None:
    """What warm start and reward model leave behind in a process (gradients, modes) must not matter."""
    settings = config(algorithm=PPO, reward=LEARNED, warm_start={"steps": 2, "batch": 4})
    cold, warm = (run(settings, tmp_path / name) for name in ("cold", "warm"))
    assert metrics(tmp_path / "cold") == metrics(tmp_path / "warm")
    assert same(weights(cold), weights(warm))
    assert cold.learner.states() == warm.learner.states()
    assert cold.learner.states()["reward"].gradients == 0


@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_four_steps_are_two_resumed_and_two(algorithm: str, tmp_path: Path) -> None:
    settings = config(algorithm={"name": algorithm}, train={"steps": 4, "checkpoint_every": 2})
    whole = run(settings, tmp_path / "whole")
    half = tmp_path / "half"
    half.mkdir()
    with Recorder(CPU) as meter:
        first = Trainer(settings, half, meter)
        for step in (1, 2):
            first.step(step)
            meter.finish_step()
        checkpoint.save(half, first.learner.engines, step=2, config_hash=config_hash(settings))
    with Recorder(CPU) as meter:
        second = Trainer(settings, half, meter)
        start = checkpoint.resume(half, second.learner.engines, config_hash=config_hash(settings))
        second.run(start=start)
    assert start == 2
    assert metrics(half) == metrics(tmp_path / "whole")[2:]
    for role in whole.learner.engines:
        assert same(weights(whole, role), weights(second, role))


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    trainer = run(config(train={"steps": 1, "checkpoint_every": 1}), tmp_path)
    with pytest.raises(checkpoint.CheckpointError, match="resume with the same settings"):
        checkpoint.resume(tmp_path, trainer.learner.engines, config_hash="0" * 12)


def test_critic_warm_up_leaves_the_actor_alone(tmp_path: Path) -> None:
    with Recorder(CPU) as meter:
        trainer = Trainer(config(algorithm=PPO, train={"critic_warmup_steps": 1}), tmp_path, meter)
        actor, critic = weights(trainer), weights(trainer, "critic")
        row = trainer.step(1)
        assert same(actor, weights(trainer))
        assert not same(critic, weights(trainer, "critic"))
        assert "train/value_loss" in row and "train/policy_loss" not in row
        meter.finish_step()
        trainer.step(2)
        assert not same(actor, weights(trainer))
