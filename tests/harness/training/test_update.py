"""The optimizer steps: minibatches of whole groups, where the old log-probabilities come from, metrics over steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from rlvr_bench.algorithms.grpo import GRPO
from rlvr_bench.algorithms.types import Loss, Needs, Rollout
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.seeding import generator
from rlvr_bench.harness.training.loop import Trainer
from rlvr_bench.harness.training.update import Diverged, _Log, minibatches, old_logprobs_of, single_step
from tests.harness.small_runs import CPU, config, metrics, run, same, weights
from tests.tolerance import assert_close

IN_LOSS = {"name": "ppo", "kl_placement": "loss", "kl_estimator": "k3"}
GROUPS = torch.tensor([0, 0, 0, 2, 2, 5, 7, 7, 7, 7, 8])


@pytest.mark.parametrize(("count", "sizes"), [(1, [5]), (2, [3, 2]), (4, [2, 1, 1, 1]), (9, [1, 1, 1, 1, 1])])
def test_a_minibatch_is_of_whole_groups(count: int, sizes: list[int]) -> None:
    """Five groups; all rows once, and no more parts than groups."""
    parts = minibatches(GROUPS, count, generator("cpu", 1))
    assert [len(set(GROUPS[part].tolist())) for part in parts] == sizes
    assert sorted(torch.cat(parts).tolist()) == list(range(len(GROUPS)))
    for part in parts:
        assert sum(int((group == GROUPS).sum()) for group in GROUPS[part].unique()) == len(part)


def test_the_order_is_the_seeds() -> None:
    def order(*seed: int) -> list[list[int]]:
        return [part.tolist() for part in minibatches(GROUPS, 5, generator("cpu", *seed))]

    assert order(1) == order(1)
    assert len({str(order(seed)) for seed in range(20)}) > 10
    draw = generator("cpu", 1)
    assert minibatches(GROUPS, 5, draw)[0].tolist() == order(1)[0]
    assert [part.tolist() for part in minibatches(GROUPS, 5, draw)] != order(1), "another epoch, another order"


def watch(trainer: Trainer, monkeypatch: pytest.MonkeyPatch, name: str = "policy_loss") -> list[Rollout]:
    """The batches that the loss is asked for from now on."""
    seen: list[Rollout] = []
    inner: Callable[..., Any] = getattr(trainer.algorithm, name)
    monkeypatch.setattr(trainer.algorithm, name, lambda batch, *rest: seen.append(batch) or inner(batch, *rest))
    return seen


@pytest.mark.parametrize(
    ("algorithm", "train", "single", "needed"),
    [
        ({"name": "grpo"}, {}, True, False),
        ({"name": "grpo"}, {"minibatches": 2}, False, True),
        ({"name": "grpo"}, {"epochs": 2}, False, True),
        ({"name": "ppo"}, {}, True, True),  # its reward holds a KL
        (IN_LOSS, {}, True, False),
        ({"name": "ppo", "kl_coef": 0.0}, {}, True, False),
        (IN_LOSS, {"epochs": 2}, False, True),
    ],
    ids=str,
)
@pytest.mark.parametrize("autocast", ["off", "bfloat16"])
def test_when_the_scoring_pass_is_saved(
    algorithm: dict[str, Any], train: dict[str, Any], single: bool, needed: bool, autocast: str, tmp_path: Path
) -> None:
    """What is computed in float32 needs no pass of its own: sampling has kept it."""
    settings = config(algorithm=algorithm, train=train, compute={"autocast": autocast})
    with Recorder(CPU) as meter, Trainer(settings, tmp_path, meter) as trainer:
        old = old_logprobs_of(trainer.algorithm, settings)
        assert (single_step(settings), old.needed, old.kept) == (single, needed, needed and autocast == "off")
        assert trainer.actor_scored is old.scored is (needed and not old.kept)
        assert trainer.facts()["algorithm"]["actor_scored"] is trainer.actor_scored
        found = trainer.collector.collect(1, meter)
        assert (found.rollout.old_logprobs is not None) is needed
        assert any(found.reads["score"]["actor"]) is trainer.actor_scored


@pytest.mark.parametrize("algorithm", ["grpo", "ppo"])
def test_the_step_is_the_same_with_scores_that_are_read_before(
    algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config(algorithm={"name": algorithm, "kl_coef": 0.0}, train={"steps": 2})
    saved = run(settings, tmp_path / "saved")
    assert not old_logprobs_of(saved.algorithm, settings).needed
    monkeypatch.setattr(type(saved.algorithm), "needs", Needs(min_group_size=2))
    scored = run(settings, tmp_path / "scored")
    assert old_logprobs_of(scored.algorithm, settings).needed
    for name, weight in weights(saved).items():
        assert_close(weight, weights(scored)[name], as_float32=True)


@pytest.mark.parametrize("kept", [True, False])
def test_the_first_ratio_is_exactly_one(kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a single step by construction; later ones begin at what sampling or scoring gave."""
    with Recorder(CPU) as meter, Trainer(config(train={"epochs": 1 if kept else 2}), tmp_path, meter) as trainer:
        row = trainer.step(1)
        meter.finish_step()
    if kept:
        assert (row["train/ratio_max"], row["train/ratio_min"], row["train/approx_kl"]) == (1, 1, 0)
    else:
        assert row["train/ratio_max"] > 1.0001 > 1 > row["train/ratio_min"]


def test_the_entropy_has_a_gradient_only_where_the_loss_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for coefficient in (0.0, 0.1):
        settings = config(algorithm={"name": "grpo", "entropy_coef": coefficient})
        with Recorder(CPU) as meter, Trainer(settings, tmp_path, meter) as trainer:
            seen: list[bool] = []
            loss = trainer.algorithm.policy_loss
            monkeypatch.setattr(
                trainer.algorithm,
                "policy_loss",
                lambda batch, logprobs, entropy, loss=loss, seen=seen: (
                    seen.append(entropy.requires_grad) or loss(batch, logprobs, entropy)
                ),
            )
            trainer.step(1)
            assert seen == [coefficient > 0]


def test_epochs_go_over_all_rows_in_new_orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = config(rollout={"prompts": 8, "group_size": 2}, train={"epochs": 3, "minibatches": 4})
    orders = {}
    for seed in (1, 2):
        other = type(settings)(**vars(settings) | {"seed": seed})
        with Recorder(CPU) as meter, Trainer(other, tmp_path, meter) as trainer:
            seen = watch(trainer, monkeypatch)
            trainer.step(1)
            meter.finish_step()
            trainer.step(2)
        orders[seed] = [tuple(batch.group_ids.tolist()) for batch in seen]
    for order in orders.values():
        epochs = [[g for batch in order[start : start + 4] for g in batch] for start in range(0, 24, 4)]
        assert all(sorted(epoch) == [g for g in range(8) for _ in range(2)] for epoch in epochs)
        assert len({str(epoch) for epoch in epochs}) == 6
    assert orders[1] != orders[2]


def test_both_rates_rise_together(tmp_path: Path) -> None:
    train = {"steps": 3, "lr": 0.03, "critic_lr": 0.06, "lr_warmup_steps": 2}
    run(config(algorithm={"name": "ppo"}, train=train), tmp_path)
    rates = [(row["train/lr"], row["train/critic_lr"]) for row in metrics(tmp_path)]
    assert rates == [(0.015, 0.03), (0.03, 0.06), (0.03, 0.06)]


def test_critic_warm_up_leaves_the_actor_alone(tmp_path: Path) -> None:
    settings = config(algorithm={"name": "ppo"}, train={"critic_warmup_steps": 1})
    with Recorder(CPU) as meter, Trainer(settings, tmp_path, meter) as trainer:
        actor, critic = weights(trainer), weights(trainer, "critic")
        row = trainer.step(1)
        assert all(torch.equal(weight, weights(trainer)[name]) for name, weight in actor.items())
        assert not all(torch.equal(weight, weights(trainer, "critic")[name]) for name, weight in critic.items())
        assert "train/value_loss" in row and "train/policy_loss" not in row
        assert "cost/flops/update_actor" not in meter.finish_step()
        trainer.step(2)
        assert not all(torch.equal(weight, weights(trainer)[name]) for name, weight in actor.items())


def nan_gradient(loss: Tensor) -> Tensor:
    """The same loss; the square root of |0| has no gradient."""
    return loss + (0 * loss).abs().sqrt()


def nan_loss(loss: Tensor) -> Tensor:
    """The same gradient, of a loss that is a constant more."""
    return loss + math.nan


def infinite_loss(loss: Tensor) -> Tensor:
    return loss - math.inf


@pytest.mark.parametrize("role", ["actor", "critic"])
@pytest.mark.parametrize(
    ("spoil", "what"),
    [(nan_gradient, "gradient norm is nan"), (nan_loss, "loss is nan"), (infinite_loss, "loss is -inf")],
)
def test_what_is_not_finite_ends_it_with_the_row_so_far(
    spoil: Callable[[Tensor], Tensor], what: str, role: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is applied, also where the gradients are finite."""
    settings = config(algorithm=IN_LOSS, train={"max_skipped": 0})
    name, norm = ("policy_loss", "grad_norm") if role == "actor" else ("value_loss", "critic_grad_norm")
    with Recorder(CPU) as meter, Trainer(settings, tmp_path, meter) as trainer:
        trainer.step(1)
        meter.finish_step()
        before, inner = weights(trainer, role), getattr(trainer.algorithm, name)

        def spoiled(*given: Any) -> Loss:
            loss = inner(*given)
            return Loss(spoil(loss.scalar), loss.metrics)

        monkeypatch.setattr(trainer.algorithm, name, spoiled)
        with pytest.raises(Diverged, match=f"the {role}'s {what}") as caught:
            trainer.step(2)
        row = caught.value.row
        assert "rollout/true_reward_mean" in row
        assert not math.isfinite(row[f"train/{norm}"] if spoil is nan_gradient else row[f"train/{name}"])
        assert all(torch.equal(weight, weights(trainer, role)[name]) for name, weight in before.items())


def test_a_few_are_skipped_and_counted_and_more_in_a_row_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config(algorithm=IN_LOSS, train={"max_skipped": 2})
    with Recorder(CPU) as meter, Trainer(settings, tmp_path, meter) as trainer:
        inner, bad = trainer.algorithm.policy_loss, {2, 3, 5, 6, 7}

        def spoiled(*given: Any) -> Loss:
            loss = inner(*given)
            return Loss(nan_loss(loss.scalar), loss.metrics) if step in bad else loss

        monkeypatch.setattr(trainer.algorithm, "policy_loss", spoiled)
        for step in range(1, 7):
            before = weights(trainer)
            row = trainer.step(step)
            meter.finish_step()
            assert row.get("train/actor_skipped") == (1 if step in bad else None)
            assert same(weights(trainer), before) is (step in bad)
        step = 7
        with pytest.raises(Diverged, match="the actor's loss is nan, as in the 2 before it"):
            trainer.step(7)


def test_metrics_over_micro_batches_and_steps() -> None:
    """Sums within an optimizer batch and means over batches, but for extremes."""
    log = _Log()
    log.add([{"loss": 1.0, "ratio_max": 3.0, "ratio_min": 0.5}, {"loss": 2.0, "ratio_max": 2.0, "ratio_min": 0.7}])
    log.add([{"loss": 5.0, "ratio_max": 1.0, "ratio_min": 0.9}])
    log.mean("grad_norm", 4.0)
    assert log.means() == {
        "train/loss": 4.0,  # (1 + 2 + 5) / 2
        "train/ratio_max": 3.0,
        "train/ratio_min": 0.5,
        "train/grad_norm": 4.0,
    }


def test_the_algorithm_says_what_it_needs() -> None:
    assert GRPO(GRPO.Config()).needs == Needs(min_group_size=2, logprobs_in_prepare=False, entropy_gradient=False)
