"""The clipped losses: by hand, against the oracle, and where their gradient goes."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rlvr_bench.algorithms.losses import clipped_policy_loss, clipped_value_loss
from tests import oracles
from tests.tolerance import assert_close

NUMBERS = st.floats(-2, 2)


def leaf(number: float) -> torch.Tensor:
    return torch.tensor([[number]], dtype=torch.float64, requires_grad=True)


POLICY_CASES = [
    # ratio, advantage, dual clip, loss, active: clip_low 0.2, clip_high 0.3
    (1.5, 1, 0, -1.3, True),  # good and already likelier: no more
    (1.25, 1, 0, -1.25, False),  # beyond clip_low's distance, within clip_high's
    (0.5, 1, 0, -0.5, False),  # good but rarer: still pulled up
    (0.5, -2, 0, 1.6, True),  # bad and already rarer: 0.8 x 2
    (0.75, -2, 0, 1.6, True),  # within clip_high's distance, beyond clip_low's
    (0.9, -2, 0, 1.8, False),
    (1.5, -2, 0, 3.0, False),  # bad and likelier: unbounded
    (5.0, -2, 0, 10.0, False),
    (5.0, -2, 3, 6.0, True),  # dual clip: 3 x 2
    (2.5, -2, 3, 5.0, False),
    (5.0, 2, 3, -2.6, True),  # dual clip leaves good tokens alone
    (5.0, 0, 3, 0.0, False),
    (0.1, 0, 0, 0.0, False),
]


@pytest.mark.parametrize(("ratio", "advantage", "dual", "loss", "active"), POLICY_CASES)
def test_policy_loss_by_hand(ratio: float, advantage: float, dual: float, loss: float, active: bool) -> None:
    new, old, weight = leaf(math.log(ratio / 4)), leaf(math.log(1 / 4)), leaf(advantage)
    actual, clipped = clipped_policy_loss(new, old, weight, clip_low=0.2, clip_high=0.3, dual_clip=dual)
    assert_close([[loss]], actual)
    assert clipped.item() is active
    actual.sum().backward()
    assert new.grad is not None
    # d(-rho A) = -rho A; an actively clipped token has none
    assert_close([[0.0 if active else -ratio * advantage]], new.grad)
    assert old.grad is None
    assert weight.grad is None


def test_ratio_one_gives_the_reinforce_gradient() -> None:
    logprobs = -torch.rand(2, 3, dtype=torch.float64).requires_grad_()
    advantages = torch.randn(2, 3, dtype=torch.float64)
    for dual in (0.0, 3.0):
        loss, active = clipped_policy_loss(logprobs, logprobs, advantages, clip_low=0.2, clip_high=0.2, dual_clip=dual)
        (gradient,) = torch.autograd.grad(loss.sum(), logprobs)
        assert_close(-advantages, gradient)
        assert not active.any()


@pytest.mark.parametrize("dual", [0.0, 1.5])
@given(new=NUMBERS, old=NUMBERS, advantage=NUMBERS, low=st.floats(0.1, 0.9), high=st.floats(0.1, 2))
def test_policy_loss_matches_the_oracle(
    dual: float, new: float, old: float, advantage: float, low: float, high: float
) -> None:
    loss, active = clipped_policy_loss(
        leaf(new), leaf(old), leaf(advantage), clip_low=low, clip_high=high, dual_clip=dual
    )
    expected, clipped = oracles.policy_loss(new, old, advantage, low, high, dual)
    assert_close([[expected]], loss)
    near_a_corner = any(abs(math.exp(new - old) - x) < 1e-9 for x in (1 - low, 1 + high, dual)) or abs(advantage) < 1e-9
    assert near_a_corner or active.item() is clipped


@pytest.mark.parametrize(
    ("value", "old", "target", "clip", "loss", "active"),
    [
        (1.0, 0.5, 0.0, 0.2, 0.5, False),  # near 0.7: 0.49 < 1, so 1 / 2
        (1.0, 0.5, 2.0, 0.2, 0.845, True),  # near 0.7: 1.3^2 = 1.69 > 1
        (0.0, 0.5, -1.0, 0.2, 0.845, True),  # near 0.3: 1.3^2 = 1.69 > 1
        (0.6, 0.5, 2.0, 0.2, 0.98, False),  # within the clip: 1.4^2 / 2
        (1.0, 0.5, 2.0, 0.0, 0.5, False),  # off: 1 / 2
    ],
)
def test_value_loss_by_hand(value: float, old: float, target: float, clip: float, loss: float, active: bool) -> None:
    new, before, returns = leaf(value), leaf(old), leaf(target)
    actual, clipped = clipped_value_loss(new, before, returns, value_clip=clip)
    assert_close([[loss]], actual)
    assert clipped.item() is active
    actual.sum().backward()
    assert new.grad is not None
    assert_close([[0.0 if active else value - target]], new.grad)
    assert before.grad is None
    assert returns.grad is None


@given(value=NUMBERS, old=NUMBERS, target=NUMBERS, clip=st.sampled_from([0.0, 0.2, 1.0]))
def test_value_loss_matches_the_oracle(value: float, old: float, target: float, clip: float) -> None:
    loss, _ = clipped_value_loss(leaf(value), leaf(old), leaf(target), value_clip=clip)
    assert_close([[oracles.value_loss(value, old, target, clip)[0]]], loss)


def test_gradcheck() -> None:
    old, advantages = torch.randn(3, 4, dtype=torch.float64), torch.randn(3, 4, dtype=torch.float64)
    new = (old + 0.5 * torch.randn(3, 4, dtype=torch.float64)).requires_grad_()
    clip = {"clip_low": 0.2, "clip_high": 0.3}
    for dual in (0.0, 1.6):
        assert torch.autograd.gradcheck(
            lambda x, d=dual: clipped_policy_loss(x, old, advantages, dual_clip=d, **clip)[0], new
        )
    for value_clip in (0.0, 0.2):
        assert torch.autograd.gradcheck(
            lambda x, c=value_clip: clipped_value_loss(x, old, advantages, value_clip=c)[0], new
        )
