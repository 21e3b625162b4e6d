"""Masked reductions and token log-probabilities: by hand, against the oracle, and their gradient."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rlvr_bench.algorithms.ops import aggregate, masked_mean, masked_var, token_logprobs_and_entropy, whiten
from rlvr_bench.algorithms.types import BatchCounts
from tests import oracles
from tests.algorithms.samples import LENGTHS, sample
from tests.tolerance import assert_close

MODES = ("token_mean", "seq_mean_token_mean", "seq_mean_token_sum", "constant")
VALUES = torch.tensor([[1.0, 2, 3], [4, math.nan, math.inf]])
MASK = torch.tensor([[True, True, True], [True, False, False]])
NONE = torch.zeros(2, 3, dtype=torch.bool)


def test_mean_and_variance_by_hand() -> None:
    # 1 2 3 4: mean 5/2, squares 9/4 + 1/4 + 1/4 + 9/4 = 5
    assert masked_mean(VALUES, MASK).item() == 2.5
    assert masked_var(VALUES, MASK).item() == 5 / 4
    assert masked_var(VALUES, MASK, ddof=1).item() == pytest.approx(5 / 3)
    assert masked_mean(VALUES, NONE).item() == masked_var(VALUES, NONE, ddof=1).item() == 0


def test_whiten_by_hand() -> None:
    # mean 2, squares 1 + 1 = 2; n - 1: variance 2; n: variance 1
    values, mask = torch.tensor([[1.0, 3, math.nan]]), torch.tensor([[True, True, False]])
    assert_close([[-(0.5**0.5), 0.5**0.5, 0]], whiten(values, mask, ddof=1))
    assert_close([[-1, 1, 0]], whiten(values, mask, ddof=0))
    # eps is under the root: variance 1 + 3, standard deviation 2
    assert_close([[-0.5, 0.5, 0]], whiten(values, mask, ddof=0, eps=3))
    assert_close(torch.zeros(2, 3), whiten(VALUES, NONE, ddof=1))


@pytest.mark.parametrize("ddof", [0, 1])
def test_whiten_matches_the_oracle(ddof: int) -> None:
    rollout, _ = sample()
    assert rollout.values is not None
    expected = oracles.whiten(rollout.values.tolist(), rollout.response_mask.tolist(), ddof)
    assert_close(expected, whiten(rollout.values, rollout.response_mask, ddof=ddof))


@pytest.mark.parametrize(
    ("how", "whole", "part"),
    [
        # rows 1 2 3 and 4; length limit 5; as a part of 8 completions and 40 tokens
        ("token_mean", 10 / 4, 10 / 40),
        ("seq_mean_token_mean", (6 / 3 + 4) / 2, (6 / 3 + 4) / 8),
        ("seq_mean_token_sum", (6 + 4) / 2, (6 + 4) / 8),
        ("constant", 10 / (2 * 5), 10 / (8 * 5)),
    ],
)
def test_aggregate_by_hand(how: Any, whole: float, part: float) -> None:
    assert aggregate(VALUES, MASK, how, BatchCounts(2, 4, 5)).item() == whole
    assert aggregate(VALUES, MASK, how, BatchCounts(8, 40, 5)).item() == part
    assert aggregate(VALUES, NONE, how, BatchCounts(2, 0, 5)).item() == 0


@pytest.mark.parametrize("how", MODES)
def test_aggregate_matches_the_oracle_and_its_gradient_is_the_weight(how: Any) -> None:
    rollout, new = sample(lengths=(*LENGTHS, 0), groups=None)  # the last completion has no token
    assert new.logprobs is not None
    values, mask, counts = new.logprobs.requires_grad_(), rollout.response_mask, rollout.counts
    actual = aggregate(values, mask, how, counts)
    sizes = (counts.sequences, counts.tokens, counts.max_tokens)
    assert_close(oracles.aggregate(values.tolist(), mask.tolist(), how, *sizes), actual)
    (gradient,) = torch.autograd.grad(actual, values)
    for i, t in ((0, 1), (5, 4), (0, 4)):
        one = torch.zeros_like(values).index_put((torch.tensor(i), torch.tensor(t)), torch.tensor(1.0).double())
        assert_close(oracles.aggregate(one.tolist(), mask.tolist(), how, *sizes), gradient[i, t])


def test_aggregate_refuses_an_unknown_mode() -> None:
    with pytest.raises(Exception, match=r"aggregation|median"):
        aggregate(VALUES, MASK, "median", BatchCounts(2, 4, 5))  # type: ignore[arg-type]


def test_logprobs_and_entropy_by_hand() -> None:
    # softmax of log 1, log 2, log 5 is 1/8, 2/8, 5/8, whatever is added to all
    logits = torch.tensor([1.0, 2, 5]).log().repeat(3, 1) + torch.tensor([[0.0], [50], [-50]])
    logprobs, entropy = token_logprobs_and_entropy(logits, torch.tensor([2, 0, 1]))
    assert_close([math.log(5 / 8), math.log(1 / 8), math.log(2 / 8)], logprobs)
    assert_close([-(math.log(1 / 8) + 2 * math.log(2 / 8) + 5 * math.log(5 / 8)) / 8] * 3, entropy)
    assert_close([math.log(7)], token_logprobs_and_entropy(torch.zeros(1, 7), torch.tensor([3]))[1])


@given(st.lists(st.floats(-20, 20), min_size=2, max_size=6), st.integers(0, 1))
def test_logprobs_and_entropy_match_the_oracle(logits: list[float], token: int) -> None:
    row = torch.tensor([logits], dtype=torch.float64)
    logprob, entropy = token_logprobs_and_entropy(row, torch.tensor([token]))
    expected = oracles.logprob_and_entropy(logits, token)
    assert (logprob.dtype, entropy.dtype) == (torch.float32, torch.float32)
    assert_close([expected[0]], logprob)
    assert_close([expected[1]], entropy)


def test_gradient_of_logprobs_and_entropy_by_hand() -> None:
    # d logprob_k / dz = onehot_k - p;  d H / dz = -p (log p + H);  p = 1/8, 2/8, 5/8
    p = torch.tensor([[1 / 8, 2 / 8, 5 / 8]])
    logits = p.log().requires_grad_()
    logprob, entropy = token_logprobs_and_entropy(logits, torch.tensor([1]))
    assert_close([[-1 / 8, 1 - 2 / 8, -5 / 8]], torch.autograd.grad(logprob.sum(), logits, retain_graph=True)[0])
    assert_close(-p * (p.log() - (p * p.log()).sum()), torch.autograd.grad(entropy.sum(), logits)[0])


def test_gradcheck() -> None:
    rollout, new = sample()
    assert new.logprobs is not None
    values, mask = new.logprobs.requires_grad_(), rollout.response_mask
    assert torch.autograd.gradcheck(lambda x: masked_var(x, mask, ddof=1) + masked_mean(x, mask), values)
    assert torch.autograd.gradcheck(lambda x: whiten(x, mask, ddof=0), values)


def test_the_oracle_of_explained_variance() -> None:
    # returns 0 2 (variance 1); values 0 1: residuals 0 1 (variance 1/4)
    assert oracles.explained_variance([[0, 1, 9]], [[0, 2, 9]], [[True, True, False]]) == 0.75
