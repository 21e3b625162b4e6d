"""The reward model: trained on (right, wrong) of one prompt, judged on prompts that it never saw."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.torch_engine import TorchEngine
from rlvr_bench.harness.models.roles import ScalarModel
from rlvr_bench.harness.runs.prepare import missing
from rlvr_bench.harness.state.identity import inputs_of
from rlvr_bench.harness.training import reward_model, warm_start
from rlvr_bench.harness.training.evaluate import VerifierFailed
from rlvr_bench.harness.training.grader import Grader
from rlvr_bench.harness.training.reward_model import RewardModelError, label_pairs, reward_model_key, turn_some
from rlvr_bench.rewards.learned import Normalizer
from tests.harness.small_runs import config


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Prompts of the training pairs, then of the held-out pairs, as `label_pairs` is asked for them."""
    prompts: list[list[str]] = []
    items: list[Any] = []
    true_items, true_pairs = reward_model.train_items, reward_model.label_pairs

    def train_items(*args: Any, **kwargs: Any) -> Any:
        items[:] = true_items(*args, **kwargs)
        assert {item.id.split("/")[1] for item in items} == {"train"}
        return list(items)

    def pairs(judged: Any, groups: Any, count: int, *, seed: int) -> Any:
        found = true_pairs(judged, groups, count, seed=seed)
        assert all(groups[right] == groups[wrong] and judged[right] > judged[wrong] for right, wrong in found)
        prompts.append([items[groups[right]].prompt for right, _ in found])
        return found

    monkeypatch.setattr(reward_model, "train_items", train_items)
    monkeypatch.setattr(reward_model, "label_pairs", pairs)
    return prompts


def trained(**reward: Any) -> Any:
    """Model, normalizer and facts, with the smallest task."""
    sections = {name: reward.pop(name, {}) for name in ("task", "train")}
    settings = config(**sections, reward={"source": "learned", **reward}, rollout={"max_tokens": 1})
    task = build(plugins.TASKS, settings.task)
    base, tokenizer, _ = warm_start.base_model(settings, task)
    judge = Grader(task, settings.reward)
    return reward_model.reward_model(settings, base, tokenizer, judge, task)


def replace_source(settings: RunConfig, source: Any) -> RunConfig:
    return replace(settings, reward=replace(settings.reward, source=source))


def replace_seed(settings: RunConfig, seed: int) -> RunConfig:
    """Of the base model."""
    return replace(settings, warm_start=replace(settings.warm_start, seed=seed))


@pytest.mark.usefixtures("empty_cache")
def test_held_out_prompts_are_not_trained_on(asked: list[list[str]]) -> None:
    """Also where the task has fewer prompts than are asked for, so that some come twice."""
    _, _, facts = trained(task={"distinct": 25}, label_prompts=30, label_pairs=60)
    assert (facts["pairs"], facts["held_out_pairs"]) == (60, len(asked[1]))
    assert set(asked[0]) and set(asked[1])
    assert not set(asked[0]) & set(asked[1])


@pytest.mark.usefixtures("empty_cache")
def test_prompts_that_all_come_again_are_no_held_out_prompts(asked: list[list[str]]) -> None:
    with pytest.raises(RewardModelError, match="and 0 held out"):
        trained(task={"distinct": 10}, label_prompts=50)


@pytest.mark.usefixtures("empty_cache")
def test_an_easy_case_is_learned_and_the_scores_are_normalised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Always the same prompt kind: the parity of one character has to be told."""
    scores: list[torch.Tensor] = []
    fit = Normalizer.fit
    monkeypatch.setattr(reward_model.Normalizer, "fit", lambda s: scores.append(s) or fit(s))
    model, normalizer, facts = trained(label_prompts=100, label_pairs=600, epochs=8, batch=30, lr=1e-2)
    assert facts["held_out_accuracy"] > 0.9
    assert (facts["mean"], facts["std"]) == (normalizer.mean, normalizer.std)
    (raw,) = scores
    assert len(raw) == 100 * 8
    normal = normalizer(raw)
    assert float(normal.mean()) == pytest.approx(0, abs=1e-5)
    assert float(normal.std()) == pytest.approx(1, abs=1e-5)
    assert facts["base_pass_rate"] == pytest.approx(0.5, abs=0.1)
    assert isinstance(model, nn.Module)


@pytest.mark.usefixtures("empty_cache")
def test_parts_do_not_matter_and_the_rate_falls_to_zero(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """20 pairs in batches of 8: three steps an epoch.  80 tokens are four pairs at a time; the last batch has four."""
    rates: list[float] = []
    norms: list[float] = []
    step = TorchEngine.step

    def watched(self: TorchEngine, lr: float, max_norm: float) -> float:
        rates.append(lr)
        norms.append(step(self, lr, max_norm))
        return norms[-1]

    monkeypatch.setattr(TorchEngine, "step", watched)
    for micro_tokens in (65536, 80):
        monkeypatch.setenv("RLVR_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        trained(batch=8, epochs=2, lr=6e-6, train={"micro_tokens": micro_tokens})
    assert rates == pytest.approx([6e-6, 5e-6, 4e-6, 3e-6, 2e-6, 1e-6] * 2)
    assert norms[:6] == pytest.approx(norms[6:], rel=1e-4)


@pytest.mark.usefixtures("empty_cache")
def test_the_number_of_steps_can_be_set_for_any_number_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many passes as it takes, each in a new order, and the rate falls to zero over all of them."""
    rates: list[float] = []
    step = TorchEngine.step

    def watched(self: TorchEngine, lr: float, max_norm: float) -> float:
        rates.append(lr)
        return step(self, lr, max_norm)

    monkeypatch.setattr(TorchEngine, "step", watched)
    for pairs in (8, 20):
        rates.clear()
        trained(label_pairs=pairs, batch=8, epochs=9, lr=4e-6, optimizer_steps=4)
        assert rates == pytest.approx([4e-6, 3e-6, 2e-6, 1e-6])


def test_each_pass_has_every_pair_once() -> None:
    pairs = [(i, i + 100) for i in range(5)]
    settings = config(reward={"batch": 2, "optimizer_steps": 7}).reward
    batches = list(itertools.islice(reward_model._shuffled_batches(pairs, settings), 6))
    assert [len(batch) for batch in batches] == [2, 2, 1, 2, 2, 1]
    passes = [list(itertools.chain(*batches[i : i + 3])) for i in (0, 3)]
    assert sorted(passes[0]) == sorted(passes[1]) == pairs != passes[0] != passes[1]


def test_some_pairs_are_turned_and_the_others_stay() -> None:
    pairs = [(i, i + 100) for i in range(40)]
    turned = turn_some(pairs, 10, seed=1)
    changed = [i for i in range(40) if turned[i] != pairs[i]]
    assert len(changed) == 10 and all(turned[i] == pairs[i][::-1] for i in changed)
    assert turned == turn_some(pairs, 10, seed=1) != turn_some(pairs, 10, seed=2)
    assert turn_some(pairs, 0, seed=1) == pairs


@pytest.mark.usefixtures("empty_cache")
def test_what_is_taught_the_wrong_way_round_is_learned_so() -> None:
    """Held-out pairs are as the verifier has them, so a model of turned pairs ranks them wrongly."""
    _, _, facts = trained(label_prompts=100, label_pairs=600, epochs=8, batch=30, lr=1e-2, label_noise=1.0)
    assert facts["held_out_accuracy"] < 0.1
    assert (facts["pairs"], facts["turned_pairs"]) == (600, 600)
    assert facts["right_score"] < -0.5


@pytest.mark.usefixtures("empty_cache")
def test_it_can_be_made_from_another_model_than_the_policy() -> None:
    """It begins as a run of that model would, also after a warm start, and a suite makes that beforehand."""
    warm = {"steps": 2, "batch": 4}
    settings = config(warm_start=warm, reward={"source": "learned", "model": "tiny:32x1", "lr": 1e-20})
    task = build(plugins.TASKS, settings.task)
    base, tokenizer, _ = warm_start.base_model(settings, task)
    with Grader(task, settings.reward) as grader:
        model, _, _ = reward_model.reward_model(settings, base, tokenizer, grader, task)
    other = config(warm_start=warm, model={"name": "tiny:32x1"})
    expected = ScalarModel.from_causal_lm(warm_start.base_model(other, task)[0]).state_dict()
    found = model.state_dict()
    assert all(torch.allclose(expected[name], found[name], atol=1e-9) for name in expected)
    assert reward_model_key(settings, {})["made_from"] != reward_model_key(other, {})["made_from"]
    assert "model tiny:32x1 of the reward model" in inputs_of(settings, task)
    assert "model tiny:32x1 of the reward model" not in inputs_of(replace_source(settings, "verifier"), task)
    assert [one.kind for one in missing([replace_seed(settings, 5)])] == ["warm start", "warm start", "reward model"]


@pytest.mark.usefixtures("empty_cache")
def test_labels_that_are_missing_are_no_wrong_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, whole = trained(label_prompts=100, label_pairs=60)
    _, _, part = trained(label_prompts=100, label_pairs=60, task={"missing_every": 12})
    assert part["base_pass_rate"] == pytest.approx(whole["base_pass_rate"], abs=0.05)  # not a twelfth less
    with pytest.raises(VerifierFailed, match="labels of the reward model: 50%"):
        trained(label_prompts=100, label_pairs=60, task={"missing_every": 2})


@pytest.mark.usefixtures("empty_cache")
def test_a_second_run_takes_it_from_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    first, normalizer, facts = trained()
    monkeypatch.setattr(reward_model, "_train", lambda *_: pytest.fail("trained again"))
    second, same_normalizer, same_facts = trained()
    assert (normalizer, facts) == (same_normalizer, same_facts)
    for name, weight in first.state_dict().items():
        assert torch.equal(weight, second.state_dict()[name])


@pytest.mark.parametrize(
    "change",
    [
        {"reward": {"lr": 2e-3}},
        {"reward": {"label_pairs": 21}},
        {"reward": {"label_noise": 0.1}},
        {"reward": {"optimizer_steps": 3}},
        {"reward": {"model": "tiny:32x1"}},
        {"measure": {"best_of_prompts": 3}},
        {"rollout": {"min_tokens": 1}},
        {"rollout": {"max_tokens": 4}},
        {"rollout": {"temperature": 0.5}},
        {"compute": {"autocast": "bfloat16"}},
        {"task": {"missing_every": 50}},
        {"warm_start": {"seed": 1}},
    ],
    ids=str,
)
def test_what_it_depends_on_is_in_the_key(change: dict[str, Any]) -> None:
    assert reward_model_key(config(**change), {}) != reward_model_key(config(), {})


@pytest.mark.parametrize(
    "change",
    [
        {"train": {"lr": 0.5}},
        {"seed": 9},
        {"measure": {"best_of_samples": 3}},
        {"rollout": {"group_size": 2}},
        {"algorithm": {"name": "ppo"}},
    ],
    ids=str,
)
def test_what_it_does_not_depend_on_is_not(change: dict[str, Any]) -> None:
    """Completions have a stream of random numbers each: how many are sampled at once changes none."""
    assert reward_model_key(config(**change), {}) == reward_model_key(config(), {})


@pytest.mark.usefixtures("empty_cache")
def test_too_few_pairs_is_told_with_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_right(self: Grader, completions: Any, targets: Any) -> Any:
        judged = real(self, completions, targets)
        verdicts = [replace(v, reward=1.0, outcome="pass") for v in judged.true]
        return replace(judged, verdicts={"correct": verdicts})

    real = Grader.__call__
    monkeypatch.setattr(Grader, "__call__", all_right)
    with pytest.raises(RewardModelError, match=r"20 asked for, .* 160 completions give 0 for training and 0 held out"):
        trained()


def test_no_pairs_leave_it_untrained() -> None:
    _, normalizer, facts = trained(label_pairs=0)
    assert (normalizer, facts["pairs"]) == (Normalizer(0.0, 1.0), 0)


def test_pairs_are_right_and_wrong_of_one_prompt() -> None:
    judged = [1.0, 0.0, 1.0, 0.0, None, 1.0, 0.0, 0.0, 1.0, 1.0]
    groups = [0, 0, 0, 1, 1, 1, 2, 2, 3, 3]
    everything = label_pairs(judged, groups, 99, seed=0)
    assert set(everything) == {(0, 1), (2, 1), (5, 3)}
    assert len(everything) == 3


def test_pairs_are_drawn_evenly_over_the_prompts() -> None:
    # Prompt 0 gives 4 x 4 pairs, the two others 1 each.
    judged, groups = [1.0] * 4 + [0.0] * 4 + [1.0, 0.0] * 2, [0] * 8 + [1, 1, 2, 2]
    pairs = label_pairs(judged, groups, 4, seed=0)
    assert sorted(groups[right] for right, _ in pairs) == [0, 0, 1, 2]
    assert pairs == label_pairs(judged, groups, 4, seed=0) != label_pairs(judged, groups, 4, seed=1)
