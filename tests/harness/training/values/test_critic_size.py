"""A critic that is made from another model than the actor (`model.critic`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.models.roles import ScalarModel
from rlvr_bench.harness.runs.prepare import missing
from rlvr_bench.harness.training import warm_start
from rlvr_bench.harness.training.values.critic import critic_key
from rlvr_bench.harness.training.warm_start import base_model, critic_model, other_config
from tests.harness.small_runs import config, metrics, run, same, weights

SMALL: dict[str, Any] = {"algorithm": {"name": "ppo"}, "model": {"name": "tiny:32x2", "critic": "tiny:16x1"}}
WARM: dict[str, Any] = {"steps": 2, "batch": 4}
CRITIC = 103 * 16 + 4 * 16 * 16 + 3 * 16 + 3 * 16 * 64 + 3 * 16 + 17  # with its head of 16 + 1; see test_step_flops.py


def test_it_trains_and_its_bytes_are_its_own(tmp_path: Path) -> None:
    trainer = run(config(**SMALL, train={"steps": 1}), tmp_path)
    states = trainer.learner.states()
    assert states["critic"].parameters == CRITIC < states["actor"].parameters == states["reference"].parameters
    assert (states["critic"].weights, states["critic"].gradients) == (4 * CRITIC, 4 * CRITIC)
    assert metrics(tmp_path)[0]["train/critic_grad_norm"] > 0


@pytest.mark.parametrize("warm", [{"steps": 0}, WARM], ids=["random", "warm"])
def test_it_begins_as_a_run_of_that_model_would(warm: dict[str, Any], tmp_path: Path) -> None:
    """From the same weights, after the same supervised steps."""
    settings = config(**SMALL, warm_start=warm, train={"steps": 1, "critic_lr": 1e-20})
    trainer = run(settings, tmp_path)
    task = build(plugins.TASKS, settings.task)
    base = base_model(config(model={"name": "tiny:16x1"}, warm_start=warm), task)[0]
    raw = load_base(config(model={"name": "tiny:16x1"}).model, seed=0)[0]
    expected = ScalarModel.from_causal_lm(base).state_dict()
    found = weights(trainer, "critic")
    assert all(torch.allclose(expected[name], found[name], atol=1e-9) for name in expected)
    assert same(dict(raw.state_dict()), dict(base.state_dict())) is (warm["steps"] == 0)


def test_it_goes_on_from_a_checkpoint_to_the_bit(tmp_path: Path) -> None:
    parts: dict[str, Any] = {**SMALL, "warm_start": WARM}
    whole = run(config(train={"steps": 4}, **parts), tmp_path / "whole")
    run(config(train={"steps": 2, "checkpoint_every": 2}, **parts), tmp_path / "cut")
    again = run(config(train={"steps": 4, "checkpoint_every": 2}, **parts), tmp_path / "cut", resume=True)
    assert metrics(tmp_path / "whole") == metrics(tmp_path / "cut")
    for role in ("actor", "critic"):
        assert same(weights(whole, role), weights(again, role))


def test_the_actor_is_the_same_whatever_the_critic_is_made_from(tmp_path: Path) -> None:
    """In the first step, before a value has told it anything: a new critic says 0."""
    for name, critic in (("equal", ""), ("small", "tiny:16x1")):
        run(config(algorithm={"name": "ppo"}, model={"name": "tiny:32x2", "critic": critic}), tmp_path / name)
    one, other = (metrics(tmp_path / name) for name in ("equal", "small"))
    names = [name for name in one[0] if name.startswith("rollout/")]
    assert names and {n: one[0][n] for n in names} == {n: other[0][n] for n in names}
    assert one[1] != other[1]


def test_it_can_be_pretrained_and_the_cache_knows_its_size() -> None:
    train = {"critic_pretrain_steps": 1, "critic_pretrain_batch": 8}
    settings = [config(algorithm={"name": "ppo"}, train=train, model={"critic": name}) for name in ("", "tiny:32x1")]
    keys = [critic_key(one, {}) for one in settings]
    assert keys[0] != keys[1] and "made_from" not in keys[0]


@pytest.mark.usefixtures("empty_cache")
def test_a_suite_makes_its_warm_start_beside_the_actors() -> None:
    wanted = missing([config(**SMALL, warm_start=WARM, train={"critic_pretrain_steps": 1}), config(warm_start=WARM)])
    assert [(one.kind, one.config.model.name) for one in wanted] == [
        ("warm start", "tiny:32x2"),
        ("warm start", "tiny:16x1"),
        ("critic", "tiny:32x2"),
    ]
    assert len(wanted[2].made_from) == 2


def test_no_critic_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = config(**SMALL)
    base, _ = load_base(settings.model, seed=0)
    task = build(plugins.TASKS, settings.task)
    monkeypatch.setattr(warm_start, "load_base", lambda *_, **__: pytest.fail("a model was loaded"))
    assert critic_model(settings, task, base, {"actor", "reference"}) is None
    assert critic_model(config(algorithm={"name": "ppo"}), task, base, {"actor", "critic"}) is None
    assert other_config(settings, "tiny:16x1").model.critic == ""


def test_a_critic_with_a_shorter_table_gets_the_rows_that_it_lacks() -> None:
    """The vocabulary of an architecture is padded beyond its tokenizer, and random weights write any id."""
    settings = config(algorithm={"name": "ppo"}, model={"name": "tiny:16x1", "critic": "tiny:32x1"})
    base, _ = load_base(settings.model, seed=0)
    task = build(plugins.TASKS, settings.task)
    known, _ = load_base(other_config(settings, "tiny:32x1").model, seed=0)
    base.resize_token_embeddings(110, mean_resizing=False)
    one, again = (critic_model(settings, task, base, {"critic"}) for _ in range(2))
    assert one is not None and again is not None
    table = one.get_input_embeddings().weight
    assert table.shape == (110, 32)
    assert torch.equal(table[:103], known.get_input_embeddings().weight)
    assert torch.equal(table, again.get_input_embeddings().weight)
