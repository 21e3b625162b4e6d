"""Every phase without data against the exact peak of the same run with data."""

from __future__ import annotations

import pytest

from rlvr_bench.harness.planner.measure import measure
from rlvr_bench.harness.planner.predict import predict
from tests.harness.planner.configs import case_of, config_of

BOUND = 0.03


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_it_is_within_the_published_bound(algorithm: str) -> None:
    config = config_of("tiny:64x2", algorithm, evaluate={"every": 1, "items": 2, "samples": 4}, train={"steps": 2})
    measured = measure(config)["phases"]
    plan = predict(config, cuda=False).plan
    assert {p.phase for p in plan.phases} >= {"rollout", "score", "update_actor", "evaluate"} - (
        set() if algorithm == "ppo" else {"score"}
    )
    for phase in plan.phases:
        assert abs(phase.total / measured[phase.phase] - 1) < BOUND, phase.phase


def test_unequal_micro_batches_are_both_run() -> None:
    """The larger one comes first, when there are no gradients yet: it is not taken to have them."""
    rollout = {"prompts": 2, "group_size": 4, "max_tokens": 40, "min_tokens": 0}
    whole = case_of("tiny:256x2", "grpo", rollout=rollout, train={"micro_tokens": 8 * 56}).plan()
    most = case_of("tiny:256x2", "grpo", rollout=rollout, train={"micro_tokens": 7 * 56}).plan()
    assert most.peak.total <= whole.peak.total


def test_a_reward_model_has_a_phase() -> None:
    phases = {p.phase: p.role for p in case_of(reward={"source": "learned"}).plan().phases}
    assert phases["reward"] == "reward"
    assert "reward" not in {p.phase for p in case_of().plan().phases}
