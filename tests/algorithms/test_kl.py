"""The three estimators: by hand, against the oracle, their gradients and their expectation."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rlvr_bench.algorithms.kl import ESTIMATORS, k1, k2, k3, over_vocabulary
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


# policy 1/2, 1/4, 1/8, 1/8 and three references; the last is the policy itself
POLICY = (1 / 2, 1 / 4, 1 / 8, 1 / 8)
REFERENCES = ((1 / 8, 1 / 8, 1 / 4, 1 / 2), (1 / 4, 1 / 4, 1 / 4, 1 / 4), POLICY)


def row(probabilities: tuple[float, ...]) -> torch.Tensor:
    """(1, 4): one token position, all four tokens side by side."""
    return torch.tensor([probabilities], dtype=torch.float64)


def gradient_of_kl(reference: tuple[float, ...]) -> list[float]:
    """By the logits z of p = softmax(z): d KL(p || q) / dz_j = p_j (log p_j/q_j - KL(p || q))."""
    terms = [math.log(p / q) for p, q in zip(POLICY, reference, strict=True)]
    kl = math.fsum(p * term for p, term in zip(POLICY, terms, strict=True))
    return [p * (term - kl) for p, term in zip(POLICY, terms, strict=True)]


def expected_gradient(name: str, reference: tuple[float, ...]) -> torch.Tensor:
    """Of the estimator in a loss, by the logits of the policy: sum over tokens p(x) d estimator(x) / dz, exactly."""
    logits = row(POLICY).log().requires_grad_()
    terms = ESTIMATORS[name](torch.log_softmax(logits, 1), row(reference).log())  # type: ignore[index]
    (gradient,) = torch.autograd.grad((row(POLICY) * terms).sum(), logits)
    return gradient


@pytest.mark.parametrize("reference", REFERENCES, ids=["far", "uniform", "equal"])
def test_the_expected_gradient_of_each_in_a_loss(reference: tuple[float, ...]) -> None:
    """k3 has that of the other direction, d KL(q || p) / dz_j = p_j - q_j."""
    true = gradient_of_kl(reference)
    other = [p - q for p, q in zip(POLICY, reference, strict=True)]
    assert_close([[0.0] * 4], expected_gradient("k1", reference))
    assert_close([true], expected_gradient("k2", reference))
    assert_close([other], expected_gradient("k3", reference))
    gap = float((expected_gradient("k3", reference) - torch.tensor([true])).abs().max())
    assert (gap > 0.04) == (reference != POLICY)


def test_k1_as_a_cost_has_the_gradient_of_the_true_divergence() -> None:
    """In the reward, where the policy gradient is sum over tokens p(x) k1(x) d log p(x)."""
    logits = row(POLICY).log().requires_grad_()
    logprobs = torch.log_softmax(logits, 1)
    cost = k1(logprobs.detach(), row(REFERENCES[0]).log())
    (gradient,) = torch.autograd.grad((row(POLICY) * cost * logprobs).sum(), logits)
    assert_close([gradient_of_kl(REFERENCES[0])], gradient)


def test_gradcheck() -> None:
    reference = -torch.rand(2, 3, dtype=torch.float64)
    for estimator in ESTIMATORS.values():
        leaf = -torch.rand(2, 3, dtype=torch.float64).requires_grad_()
        assert torch.autograd.gradcheck(lambda x, f=estimator: f(x, reference), leaf)


def test_over_the_vocabulary_by_hand() -> None:
    """p = (.5, .5), q = (.25, .75): .5 log 2 + .5 log (2 / 3) = .1438; equal distributions have none."""
    policy, reference = torch.tensor([[0.0, 0.0], [1.0, 3.0]]), torch.tensor([[0.0, math.log(3.0)], [2.0, 4.0]])
    assert_close(torch.tensor([0.5 * math.log(2) + 0.5 * math.log(2 / 3), 0.0]), over_vocabulary(policy, reference))
    assert_close(  # the other direction: .25 log .5 + .75 log 1.5 = .1308
        torch.tensor([0.25 * math.log(0.5) + 0.75 * math.log(1.5), 0.0]), over_vocabulary(reference, policy)
    )


def test_over_the_vocabulary_a_forbidden_token_adds_nothing() -> None:
    two, three = torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0, 1.0, -1e9]])
    other_two, other_three = torch.tensor([[0.5, 0.0]]), torch.tensor([[0.5, 0.0, -1e9]])
    assert_close(over_vocabulary(two, other_two), over_vocabulary(three, other_three))
