"""The gradient of the sum, and the quality of gradients, worked by hand."""

from __future__ import annotations

import pytest
import torch

from rlvr_bench.harness.training.ladder.gradient import policy_gradient, quality


def test_gradient() -> None:
    """logprobs = [[w, 2w], [3w, u]]: d/dw = 1 a + 2 b + 3 c, d/du = d; what is frozen has no place."""
    w, u, frozen = torch.tensor(0.5, requires_grad=True), torch.tensor([0.1], requires_grad=True), torch.tensor(1.0)
    unused = torch.zeros(2, requires_grad=True)
    logprobs = torch.stack([torch.stack([w, 2 * w]), torch.stack([3 * w, u[0] * frozen])])
    advantages = torch.tensor([[1.0, -1.0], [2.0, 5.0]])
    for _ in range(2):  # the graph is kept
        found = policy_gradient(logprobs, advantages, [w, u, frozen, unused])
        assert found.tolist() == [1 - 2 + 6, 5, 0, 0]


def test_quality() -> None:
    """Reference (2, 0); gradients (1, 1) and (3, -1): mean (2, 0), squared distances 2 + 2 over 1, over 2^2: 1."""
    found = quality(torch.tensor([[1.0, 1.0], [3.0, -1.0]]), torch.tensor([2.0, 0.0]))
    assert found.variance == pytest.approx(1.0)
    assert found.cosines == pytest.approx((1 / 2**0.5, 3 / 10**0.5))
    assert found.scale == pytest.approx(1.0)


def test_a_stretched_baseline_gains_nothing() -> None:
    gradients, reference = torch.tensor([[1.0, 1.0], [3.0, -1.0]]), torch.tensor([2.0, 0.0])
    one, other = quality(gradients, reference), quality(10 * gradients, reference)
    assert other.variance == pytest.approx(one.variance)
    assert other.cosines == pytest.approx(one.cosines)
    assert other.scale == pytest.approx(10.0)


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(ValueError, match="two batches at least, got 1"):
        quality(torch.ones(1, 2), torch.ones(2))
    with pytest.raises(ValueError, match="reference gradient is zero"):
        quality(torch.ones(2, 2), torch.zeros(2))
