"""The three estimators: by hand, against the oracle, their gradients and their expectation."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rlvr_bench.algorithms.kl import ESTIMATORS, k1, k2, k3
from tests import oracles
from tests.tolerance import assert_close

LN2 = math.log(2)
NATS = st.floats(-8, 0)


def pair(logprob: float, reference: float) -> tuple[torch.Tensor, torch.Tensor]:
    leaf = torch.tensor([[logprob]], dtype=torch.float64, requires_grad=True)
    return leaf, torch.tensor([[reference]], dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize(
    ("name", "above", "below"),
    [
        # policy 1/2, reference 1/4 (above) and the other way round (below)
        ("k1", LN2, -LN2),  # log(1/2) - log(1/4)
        ("k2", LN2**2 / 2, LN2**2 / 2),
        ("k3", 1 / 2 - 1 + LN2, 2 - 1 - LN2),  # ratio reference / policy is 1/2, then 2
    ],
)
def test_by_hand(name: str, above: float, below: float) -> None:
    half, quarter = math.log(1 / 2), math.log(1 / 4)
    assert_close([[above]], ESTIMATORS[name](*pair(half, quarter)))  # type: ignore[index]
    assert_close([[below]], ESTIMATORS[name](*pair(quarter, half)))  # type: ignore[index]


@pytest.mark.parametrize(("name", "slope"), [("k1", 1.0), ("k2", LN2), ("k3", 1 / 2)])
def test_gradient_by_hand_and_none_into_the_reference(name: str, slope: float) -> None:
    # policy 1/2, reference 1/4: d k1 = 1; d k2 = logprob - reference = ln 2; d k3 = 1 - reference/policy = 1/2
    logprob, reference = pair(math.log(1 / 2), math.log(1 / 4))
    ESTIMATORS[name](logprob, reference).sum().backward()  # type: ignore[index]
    assert logprob.grad is not None
    assert_close([[slope]], logprob.grad)
    assert reference.grad is None


@pytest.mark.parametrize("name", ["k1", "k2", "k3"])
@given(NATS, NATS)
def test_matches_the_oracle(name: str, logprob: float, reference: float) -> None:
    actual = ESTIMATORS[name](*pair(logprob, reference)).item()  # type: ignore[index]
    assert actual == pytest.approx(oracles.kl(name, logprob, reference), rel=1e-9, abs=1e-9)


@given(NATS, NATS)
def test_signs(logprob: float, reference: float) -> None:
    assert k3(*pair(logprob, reference)).item() >= 0
    assert k2(*pair(logprob, reference)).item() >= 0
    assert k1(*pair(logprob, reference)).item() == -k1(*pair(reference, logprob)).item()
    assert k3(*pair(logprob, logprob)).item() == k1(*pair(logprob, logprob)).item() == 0


def test_k1_and_k3_are_unbiased() -> None:
    # policy (1/2, 1/4, 1/4), reference (1/4, 1/4, 1/2): KL = 1/2 ln 2 + 0 - 1/4 ln 2 = ln(2) / 4
    policy, reference = torch.tensor([[0.5, 0.25, 0.25]]).double(), torch.tensor([[0.25, 0.25, 0.5]]).double()
    for estimator in (k1, k3):
        assert_close(LN2 / 4, (policy * estimator(policy.log(), reference.log())).sum())


def test_gradcheck() -> None:
    reference = -torch.rand(2, 3, dtype=torch.float64)
    for estimator in ESTIMATORS.values():
        leaf = -torch.rand(2, 3, dtype=torch.float64).requires_grad_()
        assert torch.autograd.gradcheck(lambda x, f=estimator: f(x, reference), leaf)
