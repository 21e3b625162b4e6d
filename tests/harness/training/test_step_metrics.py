"""rollout/* metrics by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.training.grader import Grades
from rlvr_bench.harness.training.step_metrics import (
    explained_variance,
    proxy_metrics,
    sampling_metrics,
    training_metrics,
)
from rlvr_bench.rewards.types import PASS, Verdict, wrong
from tests.tolerance import assert_close


def test_rewards_outcomes_and_lengths(rollout: Rollout) -> None:
    """Lengths 4, 1, 2, 4, 3, 1; the verifier failed for the third and a component of the reward for the last."""
    true = [PASS, wrong(), Verdict(None, "infra"), wrong(), PASS, wrong()]
    style = [Verdict(0.5, "pass")] * 5 + [Verdict(None, "infra")]
    grades = Grades({"correct": true, "style": style}, [1.5, 0.5, None, 0.5, 1.5, None])
    rollout = replace(rollout, truncated=torch.tensor([True, False, False, True, False, False]))
    row = sampling_metrics(rollout, grades)
    assert row == {
        "rollout/true_reward_mean": 2 / 5,
        "rollout/masked_fraction": 2 / 6,
        "rollout/length_mean": 15 / 6,
        "rollout/length_max": 4,
        "rollout/length_correct_mean": 7 / 2,
        "rollout/length_wrong_mean": 6 / 3,
        "rollout/truncated_fraction": pytest.approx(1 / 3),
        "rollout/component/correct": 2 / 5,
        "rollout/component/style": 0.5,
        "rollout/outcome/infra": 1 / 6,
        "rollout/outcome/pass": 2 / 6,
        "rollout/outcome/wrong": 3 / 6,
    }


def test_what_nobody_has_is_none(rollout: Rollout) -> None:
    none = sampling_metrics(rollout, Grades({"correct": [Verdict(None, "infra")] * 6}, [None] * 6))
    assert none["rollout/true_reward_mean"] is none["rollout/length_correct_mean"] is None
    assert none["rollout/masked_fraction"] == 1
    right = sampling_metrics(rollout, Grades({"correct": [PASS] * 6}, [1.0] * 6))
    assert (right["rollout/length_correct_mean"], right["rollout/length_wrong_mean"]) == (15 / 6, None)


def test_what_the_policy_is_trained_on(rollout: Rollout) -> None:
    """Groups of 2, 1 and 3: the first has a signal, a single one never has, the last has none."""
    rewarded = replace(rollout, rewards=torch.tensor([1.0, 0.0, 1.0, 2.0, 2.0, 2.0]))
    row = training_metrics(rewarded)
    assert row["rollout/reward_mean"] == pytest.approx(8 / 6)
    # Squares 1 + 0 + 1 + 4 + 4 + 4 = 14, less 64 / 6, over 5.
    assert row["rollout/reward_std"] == pytest.approx(math.sqrt((14 - 64 / 6) / 5))
    assert row["rollout/zero_std_groups"] == pytest.approx(2 / 3)
    one = training_metrics(rewarded.select(torch.tensor([0])))
    assert one["rollout/reward_std"] == 0.0


def test_explained_variance_by_hand(rollout: Rollout) -> None:
    """Returns 1, 3, 5 and residuals 0, 1, -1: 1 - (2/3) / (8/3); what is masked does not matter."""
    mask = torch.tensor([[True, True, False], [True, False, False]])
    returns = torch.tensor([[1.0, 3.0, 99.0], [5.0, -7.0, 0.0]])
    values = torch.tensor([[1.0, 2.0, 0.0], [6.0, 50.0, 1.0]])
    found = explained_variance(values, returns, mask)
    assert found is not None
    assert_close(1 - 2 / 8, torch.tensor(found))
    assert explained_variance(values, torch.full_like(returns, 2.0), mask) is None
    assert explained_variance(torch.zeros_like(returns), returns, mask) == 0.0


def test_the_gap_and_the_pair_accuracy_by_hand() -> None:
    proxy = torch.tensor([1.0, 0.0, 2.0, -1.0, 3.0, 0.4])
    right = torch.tensor([True, False, False, True, True, False])
    groups = torch.tensor([0, 0, 0, 1, 1, 0])
    row = proxy_metrics(proxy, right, groups, base_pass_rate=0.2)
    assert row["rollout/proxy_reward_mean"] == pytest.approx(0.9)
    assert row["rollout/proxy_true_gap"] == pytest.approx(0.9 - (0.5 - 0.2) / math.sqrt(0.16), abs=1e-6)
    # Group 0: 1 > 0, 1 > 0.4 and 1 < 2; group 1 has no wrong one.
    assert row["rollout/proxy_pair_accuracy"] == pytest.approx(2 / 3)
    all_right = proxy_metrics(proxy, torch.ones(6, dtype=torch.bool), groups, base_pass_rate=0.2)
    assert all_right["rollout/proxy_pair_accuracy"] is None
    assert [
        proxy_metrics(proxy, right, groups, base_pass_rate=p)["rollout/proxy_true_gap"] for p in (None, 0.0, 1.0)
    ] == [None, None, None]
