"""Every installed algorithm passes the kit; every defect that the kit is there for is caught and named."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from rlvr_bench.algorithms.conformance import check
from rlvr_bench.algorithms.grpo import GRPO, GRPOConfig
from rlvr_bench.algorithms.ops import aggregate
from rlvr_bench.algorithms.ppo import PPO, PPOConfig
from rlvr_bench.algorithms.types import BatchCounts, Loss, Needs

INFINITY = torch.tensor(torch.inf)
PLUGINS = list(entry_points(group="rlvr_bench.algorithms"))


def test_the_built_in_algorithms_are_installed() -> None:
    assert {"ppo", "grpo"} <= {p.name for p in PLUGINS}


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda p: p.name)
def test_installed_algorithms_conform(plugin: EntryPoint) -> None:
    algorithm = plugin.load()
    assert check(algorithm(algorithm.Config())) == []


@pytest.mark.parametrize(
    "algorithm",
    [
        PPO(PPOConfig(kl_coef=0, whiten="off", value_clip=0)),
        PPO(PPOConfig(kl_placement="loss", kl_estimator="k3", entropy_coef=0.1, gamma=0.9, gae_lambda=0.9)),
        *(PPO(PPOConfig(aggregation=how)) for how in ("seq_mean_token_mean", "seq_mean_token_sum", "constant")),
        *(GRPO(GRPOConfig(scale=scale)) for scale in ("batch_std", "none")),
        *(GRPO(GRPOConfig(aggregation=how, kl_coef=0)) for how in ("token_mean", "seq_mean_token_sum", "constant")),
        GRPO(GRPOConfig(kl_estimator="k2", dual_clip=2.0, ddof=0)),
        GRPO(GRPOConfig(kl_estimator="k1", kl_placement="reward", scale="batch_std")),
    ],
    ids=lambda a: str(a.config),
)
def test_other_settings_conform(algorithm: Any) -> None:
    assert check(algorithm) == []


def broken(base: type = GRPO, **methods: Any) -> Any:
    """The base algorithm with some methods replaced; each gets the sound one as its last argument."""
    sound = base(base.Config())

    class Broken(base):  # type: ignore[misc, valid-type]
        pass

    for name, method in methods.items():
        if isinstance(method, (property, type)):
            setattr(Broken, name, method)
        else:
            setattr(Broken, name, lambda self, *a, m=method, n=name: m(*a, getattr(sound, n, None)))
    return Broken(base.Config())


def loses(edit: Callable[[Loss], Loss]) -> Callable[..., Loss]:
    return lambda *inputs: edit(inputs[-1](*inputs[:-1]))


def untyped(out: Loss, **fields: Any) -> Any:
    """A loss as the tests' type checker would not let it pass."""
    return SimpleNamespace(**{**vars(out), **fields})


def scaled(factor: float) -> Callable[..., Loss]:
    return loses(lambda loss: replace(loss, scalar=loss.scalar * factor))


def in_place(rollout, sound):
    rollout.rewards.sub_(rollout.rewards.mean())
    return sound(rollout)


def loss_in_place(batch, logprobs, entropy, sound):
    batch.old_logprobs.mul_(2)
    return sound(batch, logprobs, entropy)


def own_counts(batch, logprobs, entropy, sound):
    counts = BatchCounts(len(batch.rewards), int(batch.response_mask.sum()), 7)
    return sound(replace(batch, counts=counts), logprobs, entropy)


def by_position(rollout, sound):
    return sound(replace(rollout, group_ids=torch.arange(len(rollout.rewards)) // 4))


def unmasked(batch, logprobs, entropy, sound):
    out = sound(batch, logprobs, entropy)
    return replace(out, scalar=out.scalar + logprobs.exp().mean(1).sum())


def with_bonus(batch, logprobs, entropy, sound):
    out = sound(batch, logprobs, entropy)
    return replace(out, scalar=out.scalar - 0.1 * entropy.masked_fill(~batch.response_mask, 0).sum())


def nan_returns(rollout, sound):
    ready = sound(rollout)
    return ready.with_scores(returns=ready.returns / 0)  # infinite, or 0/0


def nan_padding(rollout, sound):
    ready = sound(rollout)
    return ready.with_scores(returns=ready.returns.masked_fill(~rollout.response_mask, torch.nan))


def nan_returns_of_equal_rewards(rollout, sound):
    """Hidden from the value loss by `without_nan`."""
    ready = sound(rollout)
    spread = rollout.rewards.std(correction=0)
    return ready.with_scores(returns=ready.returns * spread / spread)


def without_nan(batch, values, sound):
    return sound(replace(batch, returns=batch.returns.nan_to_num()), values)


def value_loss_of_old(batch, values, sound):
    out = sound(batch, values)
    weight = batch.old_logprobs.masked_fill(~batch.response_mask, 0).exp()
    return replace(
        out, scalar=out.scalar + aggregate(weight * values.square(), batch.response_mask, "token_mean", batch.counts)
    )


def value_loss_of_old_if_known(batch, values, sound):
    return sound(batch, values) if batch.old_logprobs is None else value_loss_of_old(batch, values, sound)


def kl_of_nothing(batch, logprobs, entropy, sound):
    """The KL term is taken to the policy that sampled."""
    return sound(replace(batch, reference_logprobs=batch.old_logprobs), logprobs, entropy)


def k1_in_loss(batch, logprobs, entropy, sound):
    out = GRPO(GRPOConfig(kl_coef=0)).policy_loss(batch, logprobs, entropy)
    kl = logprobs - batch.reference_logprobs
    return replace(out, scalar=out.scalar + 0.1 * aggregate(kl, batch.response_mask, "token_mean", batch.counts))


def far_only(batch, logprobs, entropy, sound):
    """A penalty only where the policy is more than a nat above the reference."""
    out = GRPO(GRPOConfig(kl_coef=0)).policy_loss(batch, logprobs, entropy)
    excess = (logprobs - batch.reference_logprobs - 1).clamp(min=0)
    penalty = aggregate(excess.square(), batch.response_mask, "token_mean", batch.counts)
    return replace(out, scalar=out.scalar + 0.1 * penalty)


def filtered_by_reference(rollout, sound):
    """No advantage for completions that are unlikely under the reference; the loss reads advantages only."""
    ready = sound(rollout)
    likely = (rollout.reference_logprobs * rollout.response_mask).sum(1) > -20
    return ready.with_scores(advantages=ready.advantages * likely.unsqueeze(1))


def without_kl(batch, logprobs, entropy, sound):
    return GRPO(GRPOConfig(kl_coef=0)).policy_loss(batch, logprobs, entropy)


def no_eps(rollout, sound):
    ready = sound(rollout)
    return ready.with_scores(advantages=ready.advantages / rollout.rewards.std(correction=0))


def noisy(rollout, sound):
    ready = sound(rollout)
    return ready.with_scores(advantages=ready.advantages * (1 + torch.rand(())))


def no_advantages(rollout, sound):
    return sound(rollout).with_scores(advantages=torch.zeros(rollout.response_mask.shape))


def turned(rollout, sound):
    ready = sound(rollout)
    return ready.with_scores(advantages=-ready.advantages)


def of_the_first(rollout, sound):
    """The advantage of the first completion of a batch for every one: nothing favors the better."""
    ready = sound(rollout)
    return ready.with_scores(advantages=ready.advantages[:1].abs().max() * rollout.response_mask)


@dataclass
class Thawed:
    clip: float = 0.2
    """Distance from 1."""


@dataclass(frozen=True)
class Undescribed:
    clip: float = 0.2
    """Distance from 1."""
    beta: float = 0.1


DEFECTS: dict[str, tuple[Any, str]] = {
    "Config is not frozen": (broken(Config=Thawed), "Config: is not a frozen"),
    "a field without a description": (broken(Config=Undescribed), "Config.beta: has no description"),
    "an unknown role": (broken(roles=property(lambda _: frozenset({"actor", "judge"}))), "roles: unknown ['judge']"),
    "no actor": (broken(roles=property(lambda _: frozenset({"reference"}))), "roles: no actor"),
    "an undeclared role": (broken(roles=property(lambda _: frozenset({"actor"}))), "reference_logprobs"),
    "no advantages": (broken(prepare=lambda rollout, sound: rollout), "prepare: no advantages"),
    "no rollout": (broken(prepare=lambda rollout, sound: None), "prepare: returned NoneType"),
    "no returns": (
        broken(PPO, prepare=lambda rollout, sound: replace(sound(rollout), returns=None)),
        "prepare: no returns",
    ),
    "prepare edits its input": (broken(prepare=in_place), "prepare: changed rewards"),
    "a loss edits its input": (broken(policy_loss=loss_in_place), "losses: changed old_logprobs"),
    "no loss": (broken(policy_loss=lambda *inputs: inputs[1].sum()), "policy_loss: returned Tensor"),
    "a loss per token": (broken(policy_loss=loses(lambda o: untyped(o, scalar=o.scalar.repeat(2)))), "a finite scalar"),
    "a loss of NaN": (broken(policy_loss=scaled(torch.nan)), "policy_loss: is not a finite scalar"),
    "a detached loss": (broken(policy_loss=loses(lambda o: replace(o, scalar=o.scalar.detach()))), "policy_loss: its"),
    "a loss without gradient": (broken(policy_loss=scaled(0)), "policy_loss: its gradient"),
    "a value loss without gradient": (broken(PPO, value_loss=scaled(0)), "value_loss: its gradient"),
    "a critic without value loss": (broken(roles=property(lambda _: frozenset({"actor", "critic"}))), "role critic"),
    "a value loss without critic": (broken(value_loss=lambda *_: None), "role critic"),
    "a metric under grad": (broken(policy_loss=loses(lambda o: replace(o, metrics={"kl": o.scalar}))), "metric kl"),
    "a metric of Python": (broken(PPO, value_loss=loses(lambda o: untyped(o, metrics={"kl": 1.0}))), "metric kl"),
    "an infinite metric": (broken(policy_loss=loses(lambda o: replace(o, metrics={"kl": INFINITY}))), "metric kl"),
    "sizes of the micro-batch": (broken(policy_loss=own_counts), "micro-batches: the policy loss"),
    "groups by position": (broken(prepare=by_position), "order: "),
    "a mean over padding": (broken(policy_loss=unmasked), "padding: the policy loss"),
    "a division by a deviation of zero": (broken(prepare=no_eps), "edges: the policy loss"),
    "random numbers": (broken(prepare=noisy), "deterministic: the policy loss"),
    "needs that are no Needs": (broken(needs=property(lambda _: {"min_group_size": 2})), "needs: is not a Needs"),
    "an entropy bonus that is not declared": (broken(policy_loss=with_bonus), "needs: entropy_gradient is False"),
    "infinite returns": (broken(PPO, prepare=nan_returns), "prepare: returns are not finite; "),
    "returns of NaN in the padding": (broken(PPO, prepare=nan_padding), "prepare: returns are not finite where"),
    "returns of NaN where all rewards are equal": (
        broken(PPO, prepare=nan_returns_of_equal_rewards, value_loss=without_nan),
        "edges: with all rewards equal, returns are not finite; ",
    ),
    "returns of NaN without a critic": (
        broken(prepare=lambda rollout, sound: sound(rollout).with_scores(returns=rollout.old_logprobs * torch.nan)),
        "prepare: returns are not finite; ",
    ),
    "a value loss of old log-probabilities": (broken(PPO, value_loss=value_loss_of_old), "value_loss: without old_log"),
    "a value loss of old log-probabilities where they are known": (
        broken(PPO, value_loss=value_loss_of_old_if_known),
        "value_loss: its gradient depends on old_logprobs",
    ),
    "a KL that ignores the reference": (broken(policy_loss=kl_of_nothing), "roles: there is a reference, but"),
    "k1 in a loss": (broken(policy_loss=k1_in_loss), "roles: there is a reference, but"),
    "a reference that nobody reads": (broken(policy_loss=without_kl), "roles: there is a reference, but"),
    "a policy loss with its sign turned": (broken(policy_loss=scaled(-1)), "direction: a step changes"),
    "the same with a critic": (broken(PPO, policy_loss=scaled(-1)), "direction: a step changes"),
    "advantages with their sign turned": (broken(PPO, prepare=turned), "direction: a step changes"),
    "one advantage for all": (broken(prepare=of_the_first), "direction: a step changes"),
    "advantages of zero": (broken(prepare=no_advantages), "prepare: all advantages are zero"),
    "advantages of zero, with a critic": (broken(PPO, prepare=no_advantages), "prepare: all advantages are zero"),
    "log-probabilities read though not needed": (
        broken(PPO, needs=property(lambda _: Needs(logprobs_in_prepare=False))),
        "needs: logprobs_in_prepare is False",
    ),
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_caught_and_named(defect: str) -> None:
    algorithm, text = DEFECTS[defect]
    problems = check(algorithm)
    assert any(text in p for p in problems), problems
    assert all("; " in p for p in problems)  # each names a remedy


SOUND: dict[str, Any] = {
    "a small coefficient": GRPO(GRPOConfig(kl_coef=1e-7)),
    "a small coefficient in the reward": PPO(PPOConfig(kl_coef=1e-7)),
    "a penalty far from the reference only": broken(policy_loss=far_only),
    "a reference that filters in prepare": broken(prepare=filtered_by_reference, policy_loss=without_kl),
    "old log-probabilities read in prepare, with a critic": PPO(PPOConfig(kl_coef=0.5, kl_estimator="k2")),
    "no old log-probabilities in prepare, with a critic": PPO(PPOConfig(kl_coef=0.0)),
    "a reference in the loss, with a critic": PPO(PPOConfig(kl_placement="loss", kl_estimator="k2")),
    "a control that learns without rewards": broken(
        prepare=no_advantages, needs=property(lambda _: Needs(rewards=False))
    ),
    "groups of six": broken(needs=property(lambda _: Needs(min_group_size=6))),
    "returns, but no critic": broken(
        prepare=lambda rollout, sound: sound(rollout).with_scores(returns=1.0 * rollout.response_mask)
    ),
}


@pytest.mark.parametrize("design", SOUND)
def test_a_sound_design_raises_no_alarm(design: str) -> None:
    assert check(SOUND[design]) == []


def test_a_config_that_is_no_dataclass() -> None:
    assert check(broken(Config=dict))[0].startswith("Config: is not a frozen dataclass")
    assert not dataclasses.is_dataclass(dict)
