"""Checkpoints: whole or not at all, of these settings only, and four steps are two, resumed, and two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from rlvr_bench.algorithms.types import Role
from rlvr_bench.harness.config.load import config_hash
from rlvr_bench.harness.engines.torch_engine import TorchEngine
from rlvr_bench.harness.engines.types import TrainEngine
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.training import checkpoint
from rlvr_bench.harness.training.checkpoint import CheckpointError
from rlvr_bench.harness.training.loop import Trainer
from tests.harness.small_runs import CPU, config, metrics, run, same, weights

HASH = "abc"


def engines(value: float, *roles: Role) -> dict[Role, TrainEngine]:
    found: dict[Role, TrainEngine] = {}
    for i, role in enumerate(roles or ("actor",)):
        module = nn.Linear(1, 1, bias=False)
        nn.init.constant_(module.weight, value + i)
        found[role] = TorchEngine(module)
    return found


def weight_of(engine: TrainEngine) -> float:
    return float(engine.module.state_dict()["weight"])


def value(folder: Path, role: Role = "actor") -> float:
    return float(checkpoint.load_weights(folder, role)["weight"])


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, engines(3.0, "actor", "critic"), step=7, config_hash=HASH)
    others = engines(0.0, "actor", "critic")
    assert checkpoint.resume(tmp_path, others, config_hash=HASH) == 7
    assert [weight_of(engine) for engine in others.values()] == [3.0, 4.0]
    assert (value(tmp_path), value(tmp_path, "critic")) == (3.0, 4.0)


def test_a_new_one_replaces_the_old_one(tmp_path: Path) -> None:
    for step in (1, 2):
        checkpoint.save(tmp_path, engines(float(step)), step=step, config_hash=HASH)
    assert value(tmp_path) == 2.0
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


class Killed(BaseException):
    """As a signal ends a process: nothing after it is done."""


def test_killed_while_it_writes_the_old_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.save(tmp_path, engines(1.0), step=1, config_hash=HASH)

    def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "write_json", killed)
        with pytest.raises(Killed):
            checkpoint.save(tmp_path, engines(2.0), step=2, config_hash=HASH)
    assert checkpoint.resume(tmp_path, engines(0.0), config_hash=HASH) == 1
    checkpoint.save(tmp_path, engines(3.0), step=3, config_hash=HASH)
    assert value(tmp_path) == 3.0


def test_killed_between_the_renames_the_old_one_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.save(tmp_path, engines(1.0), step=1, config_hash=HASH)
    rename = Path.rename

    def once(self: Path, target: Path) -> Path:
        if target.name == "checkpoint":
            raise Killed
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", once)
        with pytest.raises(Killed):
            checkpoint.save(tmp_path, engines(2.0), step=2, config_hash=HASH)
    assert not (tmp_path / "checkpoint").exists()
    assert checkpoint.resume(tmp_path, engines(0.0), config_hash=HASH) == 1
    assert value(tmp_path) == 1.0


def test_none_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no checkpoint; set train\.checkpoint_every"):
        checkpoint.resume(tmp_path, engines(0.0), config_hash=HASH)


def test_one_of_other_settings_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, engines(1.0), step=1, config_hash="other")
    mine = engines(5.0)
    with pytest.raises(CheckpointError, match="made with configuration other, this one is abc; resume with the same"):
        checkpoint.resume(tmp_path, mine, config_hash=HASH)
    assert weight_of(mine["actor"]) == 5.0


@pytest.mark.parametrize(
    "settings",
    [
        {"algorithm": {"name": "ppo"}, "train": {"epochs": 2, "minibatches": 2, "lr_warmup_steps": 3}},
        {"algorithm": {"name": "grpo"}},
        {"algorithm": {"name": "grpo"}, "model": {"dtype": "bfloat16"}},
    ],
    ids=["ppo", "grpo", "bfloat16"],
)
def test_four_steps_are_two_resumed_and_two(settings: dict[str, Any], tmp_path: Path) -> None:
    train = {"steps": 4, "checkpoint_every": 2, **settings.pop("train", {})}
    s = config(**settings, train=train)
    whole = run(s, tmp_path / "whole")
    half = tmp_path / "half"
    half.mkdir()
    with Recorder(CPU) as meter, Trainer(s, half, meter) as first:
        for step in (1, 2):
            first.step(step)
            meter.finish_step()
        checkpoint.save(half, first.learner.engines, step=2, config_hash=config_hash(s))
    with Recorder(CPU) as meter, Trainer(s, half, meter) as second:
        start = checkpoint.resume(half, second.learner.engines, config_hash=config_hash(s))
        second.run(start=start)
    assert start == 2
    assert metrics(half) == metrics(tmp_path / "whole")[2:]
    for role in whole.learner.engines:
        assert same(weights(whole, role), weights(second, role))
    assert second.learner.states() == whole.learner.states()


def test_a_run_saves_when_it_is_due_and_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[int] = []
    save = checkpoint.save
    monkeypatch.setattr(
        checkpoint, "save", lambda *args, step, **rest: saved.append(step) or save(*args, step=step, **rest)
    )
    trainer = run(config(train={"steps": 5, "checkpoint_every": 2}), tmp_path)
    assert saved == [2, 4, 5]
    kept = checkpoint.load_weights(tmp_path)
    assert all(torch.equal(tensor, kept[name]) for name, tensor in weights(trainer).items())
