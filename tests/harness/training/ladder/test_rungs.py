"""Each baseline on six completions of two prompts, worked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from rlvr_bench.algorithms.conformance import make_rollout
from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.training.ladder.rungs import RUNGS, Rung, advantages
from tests.tolerance import assert_close

# Prompt 0 earns 1, 0, 0 and prompt 1 earns 1, 1, 0; the oracle says .25 and .75.
REWARDS = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0]
ORACLE = torch.tensor([0.25, 0.25, 0.25, 0.75, 0.75, 0.75])


def six(*roles: str) -> Rollout:
    whole, _ = make_rollout(frozenset(roles))  # type: ignore[arg-type]
    rollout = whole.select(torch.arange(6))
    groups = torch.tensor([0, 0, 0, 1, 1, 1])
    values = None if rollout.values is None else rollout.values.float()
    return replace(rollout, rewards=torch.tensor(REWARDS), group_ids=groups, values=values)


@pytest.mark.parametrize(
    ("rung", "expected"),
    [
        ("none", REWARDS),
        ("batch mean", [0.5, -0.5, -0.5, 0.5, 0.5, -0.5]),
        # 1 - (0 + 0)/2, 0 - (1 + 0)/2, ...; 1 - (1 + 0)/2, ..., 0 - (1 + 1)/2
        ("leave one out", [1.0, -0.5, -0.5, 0.5, 0.5, -1.0]),
        ("group mean", [2 / 3, -1 / 3, -1 / 3, 1 / 3, 1 / 3, -2 / 3]),
        # the deviation of 1, 0, 0 with divisor 2 is sqrt(1/3)
        ("group mean and std", [x * 3**0.5 for x in (2 / 3, -1 / 3, -1 / 3, 1 / 3, 1 / 3, -2 / 3)]),
        ("oracle", [0.75, -0.25, -0.25, 0.25, 0.25, -0.75]),
    ],
)
def test_advantages(rung: Rung, expected: list[float]) -> None:
    rollout = six("actor")
    found = advantages(rung, rollout, oracle=ORACLE)
    assert found is not None
    wanted = torch.tensor(expected).unsqueeze(1) * rollout.response_mask
    assert (found - wanted).abs().max() < 1e-5  # eps of the deviation


def test_the_critic_is_subtracted_token_by_token_where_there_is_one() -> None:
    rollout = six("actor", "critic")
    found, values = advantages("critic", rollout, oracle=ORACLE), rollout.values
    assert found is not None and values is not None
    assert_close(torch.tensor(1.0) - values[0, 0], found[0, 0])
    assert_close(-values[1, 4], found[1, 4])
    assert not found[0, 3:].any()  # the first completion has three tokens
    assert advantages("critic", six("actor"), oracle=ORACLE) is None
    assert len(RUNGS) == 7
