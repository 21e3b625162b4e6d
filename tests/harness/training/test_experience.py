"""One step's experience: who is sampled, what is scored and rewarded, and that the records keep the truth beside it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr_bench.algorithms.grpo import GRPO
from rlvr_bench.algorithms.ppo import PPO as PPOAlgorithm
from rlvr_bench.algorithms.types import BatchCounts, Rollout
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.models.scoring import Positions
from rlvr_bench.harness.records import read_metrics
from rlvr_bench.harness.rollout.torch_engine import TorchRollout
from rlvr_bench.harness.tasks.procedural.checked import CheckedChain
from rlvr_bench.harness.tasks.types import Item
from rlvr_bench.harness.training import experience
from rlvr_bench.harness.training.evaluate import VerifierFailed
from rlvr_bench.harness.training.experience import Experience, earned
from rlvr_bench.harness.training.grader import VerifierError
from rlvr_bench.harness.training.loop import Trainer
from rlvr_bench.harness.training.update import Diverged
from rlvr_bench.rewards.types import Verdict
from tests.harness.small_runs import CPU, ParityVerifier, config, metrics, run, same, weights
from tests.tolerance import assert_close

BIG = {"rollout": {"prompts": 32, "group_size": 8, "max_tokens": 1}, "train": {"steps": 2}}
PPO = {"name": "ppo", "kl_coef": 0.1}


@contextmanager
def built(settings: RunConfig, folder: Path) -> Iterator[tuple[Trainer, Recorder]]:
    with Recorder(CPU) as meter, Trainer(settings, folder, meter) as trainer:
        yield trainer, meter


def collect(settings: RunConfig, folder: Path, step: int = 1) -> Experience:
    with built(settings, folder) as (trainer, meter):
        return trainer.collector.collect(step, meter)


def test_scores_are_those_of_the_models_that_are_held(tmp_path: Path) -> None:
    """The reference is the base model still; a new critic predicts 0; old log-probabilities are the sampler's."""
    settings = config(algorithm=PPO, train={"micro_tokens": 40})
    with built(settings, tmp_path) as (trainer, meter):
        rollout = trainer.collector.collect(1, meter).rollout
        with torch.no_grad():
            expected = trainer.models.actor(rollout, temperature=1.0)[0]
    assert rollout.old_logprobs is not None and rollout.reference_logprobs is not None and rollout.values is not None
    assert_close(expected, rollout.old_logprobs)
    assert_close(expected, rollout.reference_logprobs)
    assert not rollout.values.any()
    assert rollout.advantages is not None and rollout.returns is not None


def test_self_checks_are_counted_where_the_task_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the completions check a step, which corrects it, and are right."""
    texts = ["<think>1+1=3?2</think><answer>2</answer>", "<think>1+1=3</think><answer>no</answer>"] * 8
    monkeypatch.setattr(experience, "decode_completions", lambda *_: texts)
    monkeypatch.setattr(CheckedChain, "item", lambda *_: Item("x", "1+1:", "2"))
    row = collect(config(task={"name": "checked-chain"}), tmp_path).row
    assert {name: value for name, value in row.items() if "check" in name} == {
        "rollout/check_fraction": 0.5,
        "rollout/checks_mean": 0.5,
        "rollout/checks_corrected": 1.0,
        "rollout/checks_harmed": 0.0,
        "rollout/checks_unchanged": 0.0,
        "rollout/right_checked": 1.0,
        "rollout/right_unchecked": 0.0,
    }
    assert not [name for name in collect(config(), tmp_path).row if "check" in name]


@pytest.mark.parametrize("algorithm", [PPO, {"name": "grpo"}], ids=["ppo", "grpo"])
def test_kept_and_scored_logprobs_are_the_same(
    algorithm: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config(algorithm=algorithm, train={"epochs": 2})
    kept = collect(settings, tmp_path).rollout.old_logprobs
    generate = TorchRollout.generate
    monkeypatch.setattr(TorchRollout, "generate", lambda *args: replace(generate(*args), logprobs=None))
    scored = collect(settings, tmp_path).rollout.old_logprobs
    assert kept is not None and scored is not None
    assert_close(scored, kept)


class Spoiled:
    """`earned`, whose rewards are infinite in these calls, for all completions or for the first."""

    def __init__(self, calls: set[int], *, all_of_them: bool = True) -> None:
        self.calls, self.part, self.called = calls, slice(None) if all_of_them else slice(1), 0

    def __call__(self, *args: Any) -> tuple[Rollout, torch.Tensor | None]:
        rollout, proxy = earned(*args)
        self.called += 1
        if self.called in self.calls:
            rewards = rollout.rewards.clone()
            rewards[self.part] = torch.inf
            rollout = replace(rollout, rewards=rewards)
        return rollout, proxy


@pytest.mark.parametrize("algorithm", [PPO, {"name": "grpo"}], ids=["ppo", "grpo"])
def test_a_step_without_any_finite_reward_is_skipped(
    algorithm: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It changes no weight, and the run goes on."""
    settings = config(algorithm=algorithm, train={"steps": 3})
    completions = settings.completions
    before = weights(run(replace(settings, train=replace(settings.train, steps=1)), tmp_path / "one"))
    for steps in (2, 3):
        monkeypatch.setattr(experience, "earned", Spoiled({2}))
        trainer = run(replace(settings, train=replace(settings.train, steps=steps)), tmp_path / str(steps))
        assert same(weights(trainer), before) == (steps == 2)
    rows = metrics(tmp_path / "3")
    assert [row.get("rollout/rewards_skipped") for row in rows] == [None, completions, None]
    assert [row.get("train/actor_skipped") for row in rows] == [None, 1, None]
    assert [row.get("train/critic_skipped") for row in rows][1] == (1 if algorithm is PPO else None)
    assert rows[1]["rollout/length_mean"] > 0 and read_metrics(tmp_path / "3/metrics.jsonl")[1]["cost/tokens"] > 0


def test_too_many_such_steps_in_a_row_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = config(algorithm={"name": "grpo"}, train={"steps": 5, "max_skipped": 1})
    monkeypatch.setattr(experience, "earned", Spoiled({1, 3, 4}))
    why = rf"the actor's loss is nan, as in the 1 before it \({settings.completions} rewards of this step are not"
    with pytest.raises(Diverged, match=why):
        run(settings, tmp_path)
    assert [row["step"] for row in metrics(tmp_path)] == [1, 2, 3, 4]


def test_of_some_rewards_that_are_not_finite_only_these_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experience, "earned", Spoiled({1}, all_of_them=False))
    settings = config(algorithm={"name": "grpo"})
    found = collect(settings, tmp_path)
    assert found.row["rollout/rewards_skipped"] == 1
    assert len(found.rollout.rewards) == settings.completions - 1 and found.rollout.rewards.isfinite().all()


def test_the_prompts_are_those_of_the_step_and_the_seed(tmp_path: Path) -> None:
    found = {(seed, step): collect(config(seed=seed), tmp_path, step) for seed in (1, 2) for step in (1, 2)}
    prompts = {place: [row["prompt"] for row in one.completions] for place, one in found.items()}
    assert prompts[1, 1] == [row["prompt"] for row in collect(config(seed=1), tmp_path, 1).completions]
    assert len({prompt for rows in prompts.values() for prompt in rows}) == 16, "four prompts in each"
    samples = {place: one.rollout.completion_ids.tolist() for place, one in found.items()}
    assert len({str(ids) for ids in samples.values()}) == 4


def test_another_algorithm_sees_the_same(tmp_path: Path) -> None:
    one, other = (collect(config(algorithm=algorithm), tmp_path) for algorithm in ({"name": "grpo"}, PPO))
    assert one.completions == other.completions
    assert torch.equal(one.rollout.completion_ids, other.rollout.completion_ids)


def test_the_same_prompt_twice_is_two_groups_with_samples_of_their_own(tmp_path: Path) -> None:
    rollout = collect(config(task={"distinct": 1}), tmp_path).rollout
    assert rollout.group_ids.tolist() == [g for g in range(4) for _ in range(4)]
    assert len({str(ids) for ids in rollout.completion_ids.tolist()}) > 8


def test_completions_without_a_verdict_are_left_out_of_the_rollout_only(tmp_path: Path) -> None:
    """Of 16, those at 0, 5, 10 and 15."""
    settings = config(task={"missing_every": 5}, reward={"max_masked": 0.5})
    found, whole = collect(settings, tmp_path), collect(config(), tmp_path)
    kept = [i for i in range(16) if i % 5]
    assert torch.equal(found.rollout.completion_ids, whole.rollout.completion_ids[kept])
    assert torch.equal(found.rollout.rewards, whole.rollout.rewards[kept])
    assert (len(found.completions), found.sampled.rows) == (16, 16)
    assert found.row["rollout/masked_fraction"] == 0.25
    assert found.row["rollout/reward_mean"] == pytest.approx(float(whole.rollout.rewards[kept].mean()))


def test_prepare_is_told_the_sizes_of_what_has_a_verdict_and_the_record_is_from_before_it(tmp_path: Path) -> None:
    """The algorithm `shaped` trains on 3 + reward x sequences / tokens, of 12 completions of 16."""
    settings = {"task": {"missing_every": 5}, "reward": {"max_masked": 0.5}}
    plain = collect(config(**settings), tmp_path)
    found = collect(config(**settings, algorithm={"name": "shaped"}), tmp_path)
    tokens = int(plain.rollout.response_mask.sum())
    assert found.rollout.counts == BatchCounts(12, tokens, 3)
    assert tokens < found.sampled.completion
    assert plain.rollout.rewards.unique().tolist() == [0, 1]
    assert_close(3 + plain.rollout.rewards * 12 / tokens, found.rollout.rewards)
    assert found.row["rollout/reward_mean"] == pytest.approx(float(plain.rollout.rewards.mean()))
    names = [n for n in plain.row if n.startswith("rollout/")]
    assert [found.row[n] for n in names] == [plain.row[n] for n in names]


@pytest.mark.parametrize("source", ["learned", "both"])
def test_the_proxys_metrics_are_of_what_it_said_before_prepare(source: str, tmp_path: Path) -> None:
    settings = {"reward": {"source": source}}
    plain = collect(config(**settings), tmp_path)
    found = collect(config(**settings, algorithm={"name": "shaped"}), tmp_path)
    assert not torch.equal(found.rollout.rewards, plain.rollout.rewards)
    for name in ("rollout/proxy_reward_mean", "rollout/proxy_true_gap", "rollout/reward_mean", "rollout/reward_std"):
        assert found.row[name] == plain.row[name]


def test_the_explained_variance_is_of_the_critic_and_not_of_what_prepare_made_of_its_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config(algorithm=PPO)
    plain = collect(settings, tmp_path).row["train/explained_variance"]
    prepare = PPOAlgorithm.prepare

    def replaces_values(self: Any, rollout: Rollout) -> Rollout:
        ready = prepare(self, rollout)
        assert ready.returns is not None
        return ready.with_scores(values=ready.returns)  # would be explained wholly

    monkeypatch.setattr(PPOAlgorithm, "prepare", replaces_values)
    assert collect(settings, tmp_path).row["train/explained_variance"] == plain != 1


def test_too_many_without_a_verdict_stop_it_with_the_record(tmp_path: Path) -> None:
    settings = config(task={"missing_every": 5}, reward={"max_masked": 0.2})
    with pytest.raises(VerifierFailed, match="step 1: 25% of the verdicts are missing") as caught:
        collect(settings, tmp_path)
    assert len(caught.value.completions) == 16
    assert caught.value.row["rollout/masked_fraction"] == 0.25


def test_what_each_model_has_read(tmp_path: Path) -> None:
    """4 prompts of 7, 16 completions of exactly 3 tokens, none shared; only the reward model reads the last token."""
    settings = config(
        task={"distinct": 1},  # `even 0:`, 7 characters
        algorithm=PPO,
        reward={"source": "both", "label_pairs": 0},
        rollout={"min_tokens": 3},
        compute={"share": False},
    )
    with built(settings, tmp_path) as (trainer, meter):
        reads = trainer.collector.collect(1, meter).reads
    nothing, before_last, whole = Positions(0, 0), Positions(4 * 7, 16 * 2), Positions(4 * 7, 16 * 3)
    assert reads["rollout"] == {"actor": before_last}
    assert reads["score"] == {"actor": nothing, "reference": before_last, "critic": before_last, "reward": nothing}
    assert reads["reward"] == {"actor": nothing, "reference": nothing, "critic": nothing, "reward": whole}


def test_frozen_models_kept_elsewhere_give_the_same_numbers(tmp_path: Path) -> None:
    settings = {"algorithm": PPO, "reward": {"source": "learned"}}
    for name, offload in (("here", False), ("there", True)):
        run(config(**settings, model={"offload_frozen": offload}), tmp_path / name)
    assert metrics(tmp_path / "here") == metrics(tmp_path / "there")


def test_offloaded_models_come_for_one_phase_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = config(algorithm=PPO, reward={"source": "learned"}, model={"offload_frozen": True})
    with built(settings, tmp_path) as (trainer, meter):
        moves: list[tuple[str, str]] = []
        for role, model in trainer.models.by_role.items():
            monkeypatch.setattr(model, "to", lambda where, role=role: moves.append((role, str(where))))
        monkeypatch.setattr(trainer.models, "device", "the device")
        trainer.collector.collect(1, meter)
    away = [("reference", "the device"), ("reference", "cpu"), ("reward", "the device"), ("reward", "cpu")]
    assert moves == away


def test_a_random_reward_is_a_fair_coin_that_the_seed_decides(tmp_path: Path) -> None:
    rows = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(config(**BIG, seed=seed, reward={"source": "random"}), tmp_path / name)
        rows[name] = metrics(tmp_path / name)
    first = rows["a"][-1]
    assert rows["a"] == rows["b"] != rows["c"]
    # 256 coins: the standard error of the share is .031
    assert first["rollout/reward_mean"] == pytest.approx(0.5, abs=0.13)
    assert first["rollout/reward_std"] == pytest.approx(0.5, abs=0.05)
    assert first["rollout/reward_mean"] != first["rollout/true_reward_mean"]


def test_coins_do_not_depend_on_the_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With some verdicts missing, the others keep their coins."""
    seen: list[torch.Tensor] = []
    prepare = GRPO.prepare
    monkeypatch.setattr(GRPO, "prepare", lambda self, rollout: seen.append(rollout.rewards) or prepare(self, rollout))
    for missing in (0, 20):
        settings = config(**BIG | {"train": {"steps": 1}}, task={"missing_every": missing}, reward={"source": "random"})
        run(settings, tmp_path / f"{missing}")
    every, some = seen
    kept = torch.tensor([i for i in range(len(every)) if i % 20 != 0])
    assert torch.equal(every[kept], some)


@pytest.mark.parametrize(("positive", "negative"), [(0.0, 1.0), (1.0, 0.0), (0.3, 0.1)])
def test_a_noisy_verifier_changes_the_reward_and_not_the_record(
    positive: float, negative: float, tmp_path: Path
) -> None:
    rates = {"false_positive_rate": positive, "false_negative_rate": negative}
    run(config(**BIG, reward=rates), tmp_path / "noisy")
    run(config(**BIG), tmp_path / "exact")
    noisy, exact = (metrics(tmp_path / name)[0] for name in ("noisy", "exact"))
    assert noisy["rollout/true_reward_mean"] == exact["rollout/true_reward_mean"] == exact["rollout/reward_mean"]
    assert noisy["rollout/component/correct"] == exact["rollout/component/correct"]
    truth = exact["rollout/true_reward_mean"]
    wanted = truth * (1 - negative) + (1 - truth) * positive
    # The draw is one a distinct completion and prompt, here one character behind one of many prompts.
    assert noisy["rollout/reward_mean"] == pytest.approx(wanted, abs=0.1 if 0 < positive < 1 else 1e-6)


@pytest.mark.parametrize("reward", [{"source": "random"}, {"source": "learned"}, {"components": {"format": 1.0}}])
def test_noise_that_nobody_would_see_is_refused(reward: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"reward\.false_positive_rate"):
        config(reward={**reward, "false_positive_rate": 0.1})


@pytest.mark.parametrize("source", ["learned", "both"])
def test_a_learned_reward_is_the_normalized_score(source: str, tmp_path: Path) -> None:
    with built(config(reward={"source": source}), tmp_path) as (trainer, meter):
        found = trainer.collector.collect(1, meter)
        with torch.no_grad():
            raw = trainer.models.by_role["reward"](found.rollout, at="end")
    facts = trainer.reward_facts
    proxy = (raw - facts["mean"]) / facts["std"]
    truth = torch.tensor([row["reward"] for row in found.completions])
    assert_close(proxy + (truth if source == "both" else 0), found.rollout.rewards)
    assert found.row["rollout/proxy_reward_mean"] == pytest.approx(float(proxy.mean()), rel=1e-4)
    assert [row["proxy_reward"] for row in found.completions] == pytest.approx(proxy.tolist(), abs=1e-5)


def test_the_score_of_a_completion_is_recorded_where_it_has_a_verdict(tmp_path: Path) -> None:
    """Of 16 completions the first and the tenth have none; the others keep their own scores."""
    settings = config(reward={"source": "learned", "max_masked": 0.5}, task={"missing_every": 9})
    with built(settings, tmp_path) as (trainer, meter):
        found = trainer.collector.collect(1, meter)
        with torch.no_grad():
            raw = trainer.models.by_role["reward"](found.rollout, at="end")
    assert [i for i, row in enumerate(found.completions) if "proxy_reward" not in row] == [0, 9]
    scores = [row["proxy_reward"] for row in found.completions if "proxy_reward" in row]
    expected = ((raw - trainer.reward_facts["mean"]) / trainer.reward_facts["std"]).tolist()
    assert scores == pytest.approx(expected, abs=1e-5)
    with built(config(), tmp_path) as (trainer, meter):
        assert all("proxy_reward" not in row for row in trainer.collector.collect(1, meter).completions)


def test_the_kind_of_a_wrong_completion_is_recorded(tmp_path: Path) -> None:
    """Where the task tells kinds apart: a new model writes anything."""
    rows = collect(config(task={"name": "sort"}, rollout={"max_tokens": 4}), tmp_path).completions
    assert {row["fault"] for row in rows} == {"no answer"}
    assert all("fault" not in row for row in collect(config(), tmp_path).completions)


def test_a_run_on_a_learned_reward_records_the_gap_at_every_step(tmp_path: Path) -> None:
    trainer = run(config(reward={"source": "learned"}, train={"steps": 3}), tmp_path)
    p = trainer.reward_facts["base_pass_rate"]
    for row in metrics(tmp_path):
        true = (row["rollout/true_reward_mean"] - p) / math.sqrt(p * (1 - p))
        assert row["rollout/proxy_true_gap"] == pytest.approx(row["rollout/proxy_reward_mean"] - true, abs=1e-5)
        assert "rollout/proxy_pair_accuracy" in row


class Slow(ParityVerifier):
    """Lets everybody wait, and had to ask again for some."""

    retries = 0
    tier = "landlock"

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        time.sleep(0.3)
        self.retries += 2
        return super().verify(completions, targets)


def test_waiting_and_retries_are_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.harness.small_runs.ParityVerifier", Slow)
    run(config(), tmp_path)
    rows = read_metrics(tmp_path / "metrics.jsonl")
    assert any(row["cost/verdict_wait"] > 0 for row in rows)
    for row in rows:
        assert row["rollout/verdict_retries"] == 2
        assert 0 <= row["cost/verdict_wait"] <= row["cost/seconds/reward"]
        assert row["cost/verdict_wait"] <= row["cost/verdict_seconds"] >= 0.3
        assert row["cost/verdict_wait_share"] == pytest.approx(row["cost/verdict_wait"] / row["cost/seconds"])


def test_an_error_of_the_verifier_is_the_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes from another thread."""

    def fails(self: Any, *_: Any) -> None:
        raise LookupError("no verdict")

    monkeypatch.setattr(ParityVerifier, "verify", fails)
    with pytest.raises(VerifierError, match=r"'correct' \(ParityVerifier\) raised LookupError: no verdict"):
        collect(config(), tmp_path)
