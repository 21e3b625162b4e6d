"""Configs refuse what cannot be, all of it at once; roles follow from the config."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from rlvr_bench.algorithms.grpo import GRPO, GRPOConfig
from rlvr_bench.algorithms.ppo import PPO, PPOConfig
from rlvr_bench.algorithms.sharpen import SharpenConfig
from rlvr_bench.algorithms.surrogate import Checks, SurrogateConfig
from rlvr_bench.algorithms.types import Algorithm, require
from rlvr_bench.harness.config.load import resolve
from rlvr_bench.harness.errors import ConfigError
from tests.algorithms.samples import sample, step

SHARED_BAD: dict[str, tuple[Any, ...]] = {
    "clip_low": (0.0, -0.1, 1.1, math.nan),
    "clip_high": (0.0, -0.1, math.nan),
    "dual_clip": (1.0, 0.5, -1.0, math.nan),
    "kl_coef": (-0.1, math.nan),
    "kl_estimator": ("k4",),
    "entropy_coef": (-0.1, math.nan),
    "aggregation": ("mean",),
}
BAD: dict[type, dict[str, tuple[Any, ...]]] = {
    PPOConfig: {
        **SHARED_BAD,
        "gamma": (-0.1, 1.1, math.nan),
        "gae_lambda": (-0.1, 1.1, math.nan),
        "lambda_alpha": (-0.1, math.nan),
        "value_clip": (-0.1, math.nan),
        "kl_placement": ("rewards",),
        "whiten": ("Batch",),
        "whiten_ddof": (2, -1),
    },
    SharpenConfig: {"aggregation": ("mean",)},
    GRPOConfig: {
        **SHARED_BAD,
        "scale": ("std",),
        "ddof": (2, -1),
        "eps": (0.0, -1e-6, math.nan),
        "kl_placement": ("rewards",),
    },
}
GOOD: dict[type, list[dict[str, Any]]] = {
    PPOConfig: [
        {"gamma": 0.0, "gae_lambda": 0.0, "clip_low": 1.0, "clip_high": 5.0, "dual_clip": 1.01, "value_clip": 0.0},
        {"kl_coef": 0.0, "entropy_coef": 0.0, "whiten_ddof": 0},
    ],
    SharpenConfig: [{"aggregation": "constant"}],
    GRPOConfig: [{"ddof": 0, "eps": 1e-12, "clip_low": 1.0, "clip_high": 5.0, "dual_clip": 3.0, "kl_coef": 0.0}],
}


def build(config: type, **fields: Any) -> None:
    """What the constructor does, past the tests' own type checker, which would see a wrong string first."""
    made = config()
    for name, value in fields.items():
        object.__setattr__(made, name, value)
    made.__post_init__()


@pytest.mark.parametrize("config", BAD)
def test_each_bad_field_is_refused_alone(config: type) -> None:
    assert {f.name for f in dataclasses.fields(config)} == BAD[config].keys()
    for name, values in BAD[config].items():
        for value in values:
            with pytest.raises(ValueError, match=rf"^{name} must") as error:
                build(config, **{name: value})
            assert ";" not in str(error.value)
            assert str(value) in str(error.value)


@pytest.mark.parametrize("config", BAD)
def test_all_bad_fields_are_named_at_once(config: type) -> None:
    with pytest.raises(ValueError, match="; " if len(BAD[config]) > 1 else "must") as error:
        build(config, **{name: values[0] for name, values in BAD[config].items()})
    assert {text.split()[0] for text in str(error.value).split("; ")} == BAD[config].keys()


@pytest.mark.parametrize(("config", "fields"), [(c, f) for c, each in GOOD.items() for f in each])
def test_the_edges_are_allowed(config: type, fields: dict[str, Any]) -> None:
    assert dataclasses.asdict(config(**fields)).items() >= fields.items()
    assert config.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_the_defaults() -> None:
    ppo = {
        "gamma": 1.0,
        "gae_lambda": 1.0,
        "lambda_alpha": 0.0,
        "value_clip": 0.2,
        "kl_coef": 0.05,
        "kl_estimator": "k1",
    }
    ppo |= {"kl_placement": "reward", "whiten": "batch", "whiten_ddof": 1, "aggregation": "token_mean"}
    grpo = {"scale": "group_std", "ddof": 1, "eps": 1e-6, "kl_coef": 0.04, "kl_estimator": "k3"}
    grpo |= {"aggregation": "seq_mean_token_mean", "kl_placement": "loss"}
    both = {"clip_low": 0.2, "clip_high": 0.2, "dual_clip": 0.0, "entropy_coef": 0.0}
    assert dataclasses.asdict(PPOConfig()) == ppo | both
    assert dataclasses.asdict(GRPOConfig()) == grpo | both


@dataclasses.dataclass(frozen=True)
class Plugin(SurrogateConfig):
    """An algorithm of the family from somewhere else, which forgets the shared checks."""

    weight: float = 1.0
    """A setting of its own."""

    def checks(self) -> Checks:
        return ((self.weight > 0, f"weight must be > 0, got {self.weight}"),)


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        (SurrogateConfig, {}),
        (GRPOConfig, {}),
        (PPOConfig, {"kl_placement": "loss"}),
        (Plugin, {}),
    ],
    ids=["surrogate", "grpo", "ppo", "plugin"],
)
def test_k1_is_refused_in_a_loss(config: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^kl_estimator must be k2 or k3 .* 'k1'.*set another estimator"):
        config(**fields, kl_estimator="k1")
    for allowed in ("k2", "k3"):
        assert config(**fields, kl_estimator=allowed).kl_in_loss
    assert not config(**fields, kl_estimator="k1", kl_coef=0.0).kl_in_loss


def test_k1_in_the_reward_is_the_default_of_ppo() -> None:
    assert (PPOConfig().kl_in_reward, PPOConfig().kl_in_loss, PPOConfig().kl_estimator) == (True, False, "k1")


def test_an_experiment_with_k1_in_a_loss_names_the_field() -> None:
    with pytest.raises(ConfigError, match=r"algorithm\.kl_estimator must be k2 or k3"):
        resolve({"task": {"name": "sort"}, "algorithm": {"name": "grpo", "kl_estimator": "k1"}})


def test_roles() -> None:
    assert PPO(PPOConfig()).roles == {"actor", "critic", "reference"}
    assert PPO(PPOConfig(kl_coef=0.0)).roles == {"actor", "critic"}
    assert GRPO(GRPOConfig()).roles == {"actor", "reference"}
    assert GRPO(GRPOConfig(kl_coef=0.0)).roles == {"actor"}
    assert isinstance(PPO(PPOConfig()), Algorithm)
    assert isinstance(GRPO(GRPOConfig()), Algorithm)


@pytest.mark.parametrize(
    "algorithm",
    [PPO(PPOConfig()), PPO(PPOConfig(kl_placement="loss", kl_estimator="k3")), GRPO(GRPOConfig())],
    ids=["ppo", "ppo-in-loss", "grpo"],
)
def test_a_missing_reference_is_an_error_not_a_missing_penalty(algorithm: PPO | GRPO) -> None:
    rollout, new = sample()
    with pytest.raises(AssertionError, match="reference_logprobs"):
        step(algorithm, dataclasses.replace(rollout, reference_logprobs=None), new)


@pytest.mark.parametrize(("algorithm"), [PPO(PPOConfig(kl_coef=0)), GRPO(GRPOConfig(kl_coef=0))])
def test_no_reference_is_needed_without_kl(algorithm: PPO | GRPO) -> None:
    rollout, new = sample()
    bare = step(algorithm, dataclasses.replace(rollout, reference_logprobs=None), new)
    given = step(algorithm, rollout, new)
    del given["kl_to_reference"]  # is told wherever there is a reference, and is no part of the loss
    assert {n: v.tolist() for n, v in given.items()} == {n: v.tolist() for n, v in bare.items()}


def test_missing_values_are_an_error() -> None:
    rollout, _ = sample()
    with pytest.raises(AssertionError, match="values"):
        PPO(PPOConfig()).prepare(dataclasses.replace(rollout, values=None))


def test_require() -> None:
    require((True, "no"), (True, "neither"))
    with pytest.raises(ValueError, match=r"^a; c$"):
        require((False, "a"), (True, "b"), (False, "c"))
