"""A critic that learns from the base model's completions before the run, on what the run's policy would earn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from rlvr_bench.algorithms.types import Role
from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.models.roles import Models, ScalarModel, build_models
from rlvr_bench.harness.training import warm_start
from rlvr_bench.harness.training.evaluate import VerifierFailed
from rlvr_bench.harness.training.grader import Grader
from rlvr_bench.harness.training.values import critic
from rlvr_bench.harness.training.values.critic import critic_key, pretrain_critic
from rlvr_bench.rewards.learned import Normalizer
from rlvr_bench.rewards.types import PASS, wrong
from tests.harness.small_runs import CPU, ParityVerifier, config, run, same
from tests.tolerance import assert_close

pytestmark = pytest.mark.usefixtures("empty_cache")
PRETRAIN: dict[str, Any] = {"critic_pretrain_steps": 2, "critic_pretrain_batch": 8}


def pretrained(normalizer: Normalizer | None = None, **sections: Any) -> tuple[Models, dict[str, Any]]:
    sections["train"] = PRETRAIN | sections.pop("train", {})
    settings = config(**sections)
    task = build(plugins.TASKS, settings.task)
    base, tokenizer, _ = warm_start.base_model(settings, task)
    learned = ScalarModel.from_causal_lm(base) if settings.has_reward_model else None
    roles: frozenset[Role] = frozenset({"actor", "critic"})
    models = build_models(base, tokenizer, roles, settings, device=CPU, reward_model=learned)
    with Grader(task, settings.reward) as grader:
        return models, pretrain_critic(settings, models, normalizer or Normalizer(), grader, task)


def weights(models: Models, role: Role = "critic") -> dict[str, Tensor]:
    return {name: value.clone() for name, value in models.by_role[role].state_dict().items()}


def test_it_learns_what_the_policy_earns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every a is right: a critic that has read the answer knows, one that has read the prompt does not."""
    monkeypatch.setattr(
        ParityVerifier, "verify", lambda _, texts, golds: [PASS if text[:1] == "a" else wrong() for text in texts]
    )
    warm = {"steps": 30, "batch": 8, "noise": 0.5, "lr": 2e-2}
    train = {"critic_pretrain_steps": 40, "critic_pretrain_batch": 32, "critic_pretrain_lr": 1e-2}
    models, facts = pretrained(warm_start=warm, train=train, rollout={"max_tokens": 2})
    assert (facts["completions"], facts["held_out"]) == (40 * 32, critic.HELD_OUT)
    assert 0.3 < facts["explained_variance"] < 0.7  # of two tokens it can tell at one
    assert same(weights(models, "actor"), weights(pretrained(warm_start=warm, train=train)[0], "actor"))


def test_the_second_one_comes_from_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    first, facts = pretrained()
    monkeypatch.setattr(critic, "_Pretraining", lambda *_: pytest.fail("trained again"))
    second, same_facts = pretrained(seed=7, train={"critic_lr": 0.5}, algorithm={"name": "ppo", "gae_lambda": 0.5})
    assert same(weights(first), weights(second)) and facts == same_facts
    assert float(weights(first)["head.bias"]) != 0.0


def test_no_number_depends_on_the_split_into_micro_batches() -> None:
    whole, _ = pretrained(warm_start={"seed": 1})
    parts, _ = pretrained(warm_start={"seed": 1}, train={"micro_tokens": 30}, measure={"warmup_steps": 1})
    assert_close(weights(whole)["head.weight"], weights(parts)["head.weight"])


@pytest.mark.parametrize(
    "change",
    [{"warm_start": {"seed": 1}}, {"task": {"missing_every": 9}}, {"train": {"critic_pretrain_steps": 3}},
     {"train": {"critic_pretrain_batch": 9}}, {"train": {"critic_pretrain_lr": 0.5}}, {"rollout": {"max_tokens": 2}},
     {"rollout": {"temperature": 0.5}}, {"reward": {"components": {"correct": 2.0}}}, {"reward": {"source": "learned"}},
     {"reward": {"false_positive_rate": 0.1}}],
    ids=str,
)  # fmt: skip
def test_what_it_depends_on_is_in_the_key(change: dict[str, Any]) -> None:
    assert critic_key(config(**change), {}) != critic_key(config(), {})


def test_false_verdicts_differ_between_the_seeds_of_runs() -> None:
    false = {"false_negative_rate": 0.1}
    assert critic_key(config(reward=false, seed=1), {}) != critic_key(config(reward=false, seed=2), {})
    assert critic_key(config(seed=1), {}) == critic_key(config(seed=2), {})


def test_the_learned_reward_is_what_its_critic_learns() -> None:
    """Scores of a reward model that is untrained are 0, and normalized here to 3 and to -3."""
    settings = {"reward": {"source": "learned", "label_pairs": 0}, "train": {"critic_pretrain_steps": 30}}
    models, _ = pretrained(**settings, normalizer=Normalizer(mean=-3.0, std=1.0))
    assert float(weights(models)["head.bias"]) > 0.01
    below, _ = pretrained(**settings, normalizer=Normalizer(mean=3.0, std=1.0), warm_start={"seed": 1})
    assert float(weights(below)["head.bias"]) < -0.01


def test_missing_verdicts_are_left_out_up_to_the_limit() -> None:
    _, facts = pretrained(task={"missing_every": 4}, reward={"max_masked": 0.5})
    assert facts["held_out"] == critic.HELD_OUT * 3 // 4
    with pytest.raises(VerifierFailed, match="rewards of the critic's completions"):
        pretrained(task={"missing_every": 4}, warm_start={"seed": 1})


def test_a_run_starts_from_it(tmp_path: Path) -> None:
    settings = config(algorithm={"name": "ppo"}, train=PRETRAIN | {"steps": 1, "critic_lr": 1e-12})
    trainer = run(settings, tmp_path / "run")
    assert trainer.critic_facts["completions"] == 16
    assert_close(trainer.models.by_role["critic"].state_dict()["head.weight"], weights(pretrained()[0])["head.weight"])
    without = run(config(train=PRETRAIN), tmp_path / "grpo")
    assert without.critic_facts == {}
