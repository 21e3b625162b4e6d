"""Plans by hand where that can be done, and in what they must have in common with one another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rlvr_bench.harness.engines.deepspeed.parts import Sharding
from rlvr_bench.harness.planner.plan import Case, states_of_run
from rlvr_bench.harness.planner.shapes import shape_of
from tests.harness.planner.configs import case_of, config_of

GPU = {"prompts": 8, "group_size": 4, "max_tokens": 40, "min_tokens": 0}


def totals(case: Case) -> dict[str, int]:
    return {p.phase: p.total for p in case.plan().phases}


def test_the_key_value_cache_by_hand() -> None:
    case = case_of("arch:smollm2-135m", "grpo", rollout=GPU, model={"dtype": "bfloat16"})
    (rollout,) = (p for p in case.plan().phases if p.phase == "rollout")
    # Keys and values: 30 layers x 2 x 32 completions x 3 heads of 64 x (16 + 40) tokens x 2 B.  When it grew to that
    # from 32 tokens, those of the last layer were there twice.
    assert rollout.kinds["key-value cache"] in range(
        30 * 2 * 32 * 3 * 64 * 56 * 2, 30 * 2 * 32 * 3 * 64 * 56 * 2 + 2 * 32 * 3 * 64 * 32 * 2 + 10**5
    )


def test_logits_by_hand() -> None:
    case = case_of("arch:smollm2-135m", "grpo", rollout=GPU, train={"micro_tokens": 56 * 4})
    (score,) = (p for p in case.plan().phases if p.phase == "score")
    # 4 completions of 40 tokens over 49,152 ids in float32 are one chunk: as they are, divided by the temperature, and
    # as log-probabilities.
    assert score.kinds["logits"] == 3 * 4 * 40 * 49152 * 4


def test_ppo_is_grpo_and_a_critic() -> None:
    ppo, grpo = case_of(algorithm="ppo", rollout=GPU), case_of(algorithm="grpo", rollout=GPU)
    critic = states_of_run(ppo.config, ppo.shape)["critic"]
    there = replace(ppo, cuda=False), replace(grpo, cuda=False)
    more = totals(there[0])["rollout"] - totals(there[1])["rollout"]
    # Weights and optimizer of the critic; PPO's KL needs the log-probabilities of the sampler, a table of logits.
    assert 0 <= more - (critic.weights + critic.optimizer + critic.buffers) < 100_000


def test_a_critic_of_another_size() -> None:
    own = states_of_run(config_of("tiny:64x2", model={"critic": "tiny:32x5"}), shape_of("tiny:64x2"))
    other, same = (states_of_run(config_of(name), shape_of(name)) for name in ("tiny:32x5", "tiny:64x2"))
    assert own["critic"] == other["critic"]
    assert (own["actor"], own["reference"]) == (same["actor"], same["reference"])


def test_sampling_with_adapters_is_not_that_of_all_weights() -> None:
    """In bfloat16 weights with adapters are not packed; whichever is planned first says nothing of the other."""
    rollout = {"prompts": 2, "group_size": 3, "max_tokens": 12, "min_tokens": 0}
    held = {"model": {"dtype": "bfloat16"}, "rollout": rollout}
    adapted = case_of("tiny:128x5", "grpo", **(held | {"model": {"dtype": "bfloat16", "adapter": {"rank": 4}}}))
    found = [
        next(p for p in case.plan().phases if p.phase == "rollout").kinds["activations"]
        for case in (adapted, case_of("tiny:128x5", "grpo", **held))
    ]
    # Packed: queries, keys and values, and gate and up, of 5 layers; half of the weights at the least, 2 B each.
    numbers = states_of_run(config_of("tiny:128x5", "grpo"), shape_of("tiny:128x5"))["actor"].parameters
    assert found[1] - found[0] > numbers


def test_the_peak_is_the_largest_phase() -> None:
    plan = case_of().plan()
    assert plan.peak.total == max(totals(case_of()).values())


def test_frozen_models_away_are_there_only_while_they_are_used() -> None:
    case = case_of("tiny:256x4", "grpo", rollout=GPU)
    away = replace(case, config=replace(case.config, model=replace(case.config.model, offload_frozen=True)))
    reference = case.plan().states["reference"]
    before, after = totals(case), totals(away)
    assert before["update_actor"] - after["update_actor"] == reference.weights + reference.buffers
    assert before["score"] == after["score"]


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_over_devices_states_are_divided(stage: int) -> None:
    one = case_of("tiny:256x4", rollout=GPU)
    four = replace(one, how=Sharding(4, stage))
    assert four.floor() < one.floor()
    assert four.plan().peak.total < one.plan().peak.total


def test_what_several_devices_exchange_by_hand() -> None:
    """bfloat16 on four devices; the embedding is the head: it is gathered once, and only the large layers beside it."""
    one = case_of("tiny:256x4", "grpo", rollout=GPU, model={"dtype": "bfloat16"})
    numbers = states_of_run(one.config, one.shape)["actor"].parameters
    spread = {stage: replace(one, how=Sharding(4, stage)).plan() for stage in (2, 3)}
    taken = {(stage, p.phase): p.kinds.get("communication", 0) for stage, plan in spread.items() for p in plan.phases}
    assert (taken[2, "rollout"], taken[2, "update_actor"]) == (0, 2 * numbers), "fewer than 5 x 10^7 numbers travel"
    assert taken[3, "rollout"] == 2 * numbers + 2 * numbers, "the bucket, and the whole actor"
    head = one.shape.vocab_size * 256
    assert taken[3, "score"] == 2 * numbers + 2 * (head + 256 * 1024)
    gradients = {p.phase: p.kinds.get("gradients", 0) for p in spread[3].phases}
    assert set(gradients.values()) == {2 * numbers // 4}, "kept in every phase"


def test_a_larger_micro_batch_never_takes_less() -> None:
    peaks = [case_of(rollout=GPU, train={"micro_tokens": 56 * rows}).plan().peak.total for rows in (1, 2, 4, 8, 16, 32)]
    assert peaks == sorted(peaks) and len(set(peaks)) > 3


def test_two_small_micro_batches_hold_the_gradients_too() -> None:
    one = case_of(rollout=GPU, train={"micro_tokens": 56 * 32}).plan()
    gradients = one.states["actor"].gradients
    several = case_of(rollout=GPU, train={"micro_tokens": 56 * 4}).plan()
    (update,) = (p for p in several.phases if p.phase == "update_actor")
    assert update.kinds["gradients"] == gradients


def test_the_floor_is_below_the_peak() -> None:
    case = case_of()
    assert 0 < case.floor() < case.plan().peak.total
    assert case.rows == 8 and case.row_tokens == 32
    assert config_of().rollout.prompts == 2
