"""The loop: reproducible, resumable, and honest about what went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import CPU, config, metrics, run, same, weights

from harness import checkpoint
from harness.cell import run_cell
from harness.configure import config_hash
from harness.meters.recorder import StepMeter
from harness.metrics import find_metric
from harness.records import read_metrics, write_json
from harness.train import InfrastructureError, Trainer
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
    assert cold.learner.frozen_states() == warm.learner.frozen_states()
    assert cold.learner.frozen_states()["reward"].gradients == 0


@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_four_steps_are_two_resumed_and_two(algorithm: str, tmp_path: Path) -> None:
    settings = config(algorithm={"name": algorithm}, train={"steps": 4, "checkpoint_every": 2})
    whole = run(settings, tmp_path / "whole")
    half = tmp_path / "half"
    half.mkdir()
    with StepMeter(CPU) as meter:
        first = Trainer(settings, half, meter)
        for step in (1, 2):
            first.step(step)
            meter.finish_step()
        checkpoint.save(half, first.learner, step=2, config_hash=config_hash(settings))
    with StepMeter(CPU) as meter:
        second = Trainer(settings, half, meter)
        start = checkpoint.resume(half, second.learner, config_hash=config_hash(settings))
        second.run(start=start)
    assert start == 2
    assert metrics(half) == metrics(tmp_path / "whole")[2:]
    for role in whole.learner.optimizers:
        assert same(weights(whole, role), weights(second, role))


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    trainer = run(config(train={"steps": 1, "checkpoint_every": 1}), tmp_path)
    with pytest.raises(checkpoint.CheckpointError, match="resume with the same settings"):
        checkpoint.resume(tmp_path, trainer.learner, config_hash="0" * 12)


def test_critic_warm_up_leaves_the_actor_alone(tmp_path: Path) -> None:
    with StepMeter(CPU) as meter:
        trainer = Trainer(config(algorithm=PPO, train={"critic_warmup_steps": 1}), tmp_path, meter)
        actor, critic = weights(trainer), weights(trainer, "critic")
        row = trainer.step(1)
        assert same(actor, weights(trainer))
        assert not same(critic, weights(trainer, "critic"))
        assert "train/value_loss" in row and "train/policy_loss" not in row
        meter.finish_step()
        trainer.step(2)
        assert not same(actor, weights(trainer))


def cell(folder: Path, **sections: Any) -> Any:
    """A run as a suite makes it, in this process."""
    settings = config(**sections)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", {"hash": config_hash(settings), "config": settings.to_dict()})
    return run_cell(folder, part="p", cell="c")


def test_a_gradient_that_is_not_finite_ends_the_run_as_diverged(tmp_path: Path) -> None:
    summary = cell(tmp_path, algorithm={"name": "nan_loss"}, train={"steps": 5})
    assert (summary.status, summary.steps_done) == ("diverged", 2)
    assert "gradient norm is nan" in summary.reason
    last = read_metrics(tmp_path / "metrics.jsonl")[-1]
    assert last["not_finite"] == ["train/grad_norm", "train/policy_loss"]
    assert last["rollout/reward_mean"] >= 0  # what was sampled in that step is told too
    assert "actor" in summary.roles


def test_any_other_error_is_recorded_as_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = cell(tmp_path, algorithm={"name": "raises"})
    assert (summary.status, summary.reason) == ("failed", "RuntimeError: no advantages today")
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_memory_that_is_not_there_is_recorded_as_oom(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("harness.train.base_model", no_memory)
    assert cell(tmp_path).status == "oom"


@pytest.mark.parametrize("train", [{}, {"minibatches": 4}], ids=["whole", "a minibatch a prompt"])
def test_samples_without_a_verdict_are_dropped_and_counted(train: dict[str, int], tmp_path: Path) -> None:
    run(config(task={"missing_every": 4}, reward={"max_masked": 0.25}, train={"steps": 1, **train}), tmp_path)
    (row,) = metrics(tmp_path)
    assert row["rollout/masked_fraction"] == 0.25
    assert row["rollout/outcome/infra"] == 0.25
    assert "not_finite" not in row


def test_too_many_missing_verdicts_end_the_run(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match=r"step 1: 25% .* more than reward.max_masked = 10%"):
        run(config(task={"missing_every": 4}), tmp_path)


@pytest.mark.parametrize("settings", [{}, {"algorithm": PPO, "reward": {"source": "both"}}], ids=["grpo", "ppo"])
def test_every_recorded_name_is_in_the_table(settings: dict[str, Any], tmp_path: Path) -> None:
    run(config(**settings, evaluate={"every": 1}, train={"steps": 1, "checkpoint_every": 1}), tmp_path)
    rows = read_metrics(tmp_path / "metrics.jsonl")
    assert [row["step"] for row in rows] == [0, 1]
    assert [name for row in rows for name in row if name != "step" and find_metric(name) is None] == []


@pytest.mark.parametrize(
    ("algorithm", "source", "roles", "bytes_a_parameter"),
    [
        (PPO, "learned", {"actor", "critic", "reference", "reward"}, 40),
        (PPO, "verifier", {"actor", "critic", "reference"}, 36),
        ({"name": "ppo", "kl_coef": 0.0}, "verifier", {"actor", "critic"}, 32),
        ({"name": "grpo"}, "verifier", {"actor", "reference"}, 20),
        ({"name": "grpo", "kl_coef": 0.0}, "verifier", {"actor"}, 16),
    ],
)
def test_models_held_and_their_bytes(
    algorithm: dict[str, Any], source: str, roles: set[str], bytes_a_parameter: int, tmp_path: Path
) -> None:
    """fp32: weight, gradient and two moments are 16 bytes where trained, the weight alone 4 where frozen."""
    settings = config(algorithm=algorithm, reward={"source": source}, train={"steps": 1}, model={"name": "tiny:32x2"})
    states = run(settings, tmp_path).learner.frozen_states()
    assert set(states) == roles
    total = sum(s.total for s in states.values()) / states["actor"].parameters
    assert total == pytest.approx(bytes_a_parameter, rel=0.02)
    assert torch.is_grad_enabled()
