"""Heads in float32 under narrower weights, against products in float64 of the same numbers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.models import scoring
from rlvr_bench.harness.models.heads import WideHead
from rlvr_bench.harness.models.roles import ScalarModel
from rlvr_bench.harness.models.scoring import hidden_states, scatter, token_scores
from rlvr_bench.harness.rollout.reading import LeanReader, TransformersReader
from tests.harness.models.decoders import CONFIGS, causal_lm, within_vocabulary
from tests.tolerance import assert_close

BF16 = torch.bfloat16


def linear(outputs: int, *, bias: bool = True, dtype: torch.dtype = BF16) -> nn.Linear:
    head = nn.Linear(16, outputs, bias=bias, dtype=dtype)
    nn.init.normal_(head.weight, std=2.0)
    return head


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("autocast", [True, False])
@pytest.mark.parametrize("dtype", [BF16, torch.float32], ids=str)
def test_a_product_is_float32(dtype: torch.dtype, autocast: bool, bias: bool) -> None:
    head, states = linear(30, bias=bias, dtype=dtype), torch.randn(7, 16).to(dtype)
    expected = states.double() @ head.weight.double().T + (head.bias.double() if bias else 0)
    with torch.autocast("cpu", BF16, enabled=autocast):
        found = WideHead(head)(states)
    assert found.dtype == torch.float32
    assert_close(expected, found)


def test_weights_that_are_wide_enough_are_not_copied() -> None:
    head = linear(3, dtype=torch.float32)
    wide = WideHead(head)
    assert wide.weight is head.weight and wide.bias is head.bias


@pytest.mark.parametrize("chunk", [2, 100])
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_log_probabilities_and_their_gradients(temperature: float, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In bfloat16 the logits alone would be off by a part in 256 of up to 30."""
    monkeypatch.setattr(scoring, "CHUNK_LOGITS", 30 * chunk)
    head, tokens = linear(30), torch.tensor([0, 29, 3, 3, 7])
    states = torch.randn(5, 16, dtype=BF16, requires_grad=True)
    logprobs, entropies = token_scores(head, states, tokens, temperature=temperature, entropy="grad")
    logits = (states.detach().double() @ head.weight.detach().double().T + head.bias.detach().double()) / temperature
    table = torch.log_softmax(logits, -1)
    assert_close(table[torch.arange(5), tokens], logprobs)
    assert_close(-(table.exp() * table).sum(-1), entropies)
    logprobs.sum().backward()
    one_less_p = torch.nn.functional.one_hot(tokens, 30) - table.exp()
    expected = (one_less_p.T @ states.detach().double() / temperature).to(BF16)
    assert head.weight.grad is not None and head.weight.grad.dtype == BF16
    near = (head.weight.grad - expected).abs() <= 2**-7 * expected.abs() + 1e-5  # one rounding, at the end
    assert near.all()


def test_ends_have_no_part_in_early_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the tokens go through in chunks."""
    monkeypatch.setattr(scoring, "CHUNK_LOGITS", 30 * 2)
    head, tokens = linear(30, dtype=torch.float32), torch.tensor([0, 29, 3, 3, 7])
    states, early = torch.randn(5, 16, requires_grad=True), torch.tensor([True, False, True, False, True])
    logprobs, entropies = token_scores(head, states, tokens, early, temperature=0.7, entropy="grad", ends=[5, 9])
    logits = (states.detach().double() @ head.weight.double().T + head.bias.double()).detach() / 0.7
    for row in range(5):
        left = [t for t in range(30) if not (early[row] and t in (5, 9))]
        table = torch.log_softmax(logits[row, left], -1)
        assert_close(table[left.index(int(tokens[row]))], logprobs[row], as_float32=True)
        assert_close(-(table.exp() * table).sum(), entropies[row], as_float32=True)


def test_the_scalar_head(rollout: Rollout) -> None:
    scalar = ScalarModel.from_causal_lm(causal_lm(CONFIGS["qwen2"], BF16))
    nn.init.normal_(scalar.head.weight)
    nn.init.normal_(scalar.head.bias)
    rollout = within_vocabulary(rollout)
    states = hidden_states(scalar.backbone, rollout, after_last=False)[rollout.response_mask].detach().double()
    expected = states @ scalar.head.weight[0].double() + scalar.head.bias.double()
    found = scalar(rollout)
    assert found.dtype == torch.float32 and scalar.head.weight.dtype == BF16
    assert_close(scatter(expected.detach(), rollout.response_mask), found, as_float32=True)


@pytest.mark.parametrize("make", [LeanReader, TransformersReader])
@pytest.mark.parametrize("autocast", [True, False])
@torch.no_grad()
def test_logits_that_are_sampled_from(make: Any, autocast: bool) -> None:
    """Of the hidden state that the reader's own pass gives, by the same head."""
    model = causal_lm(CONFIGS["qwen2"], torch.float32 if autocast else BF16)
    read, seen = make(model), []
    inner = read.head
    read.head = lambda states: seen.append(states) or inner(states)
    ids = torch.tensor([[5, 6, 7], [8, 9, 1]])
    with torch.autocast("cpu", BF16, enabled=autocast):
        found = [read.prompts(ids, torch.ones_like(ids).bool(), 4), read.token(torch.tensor([3, 4]))]
    for states, logits in zip(seen, found, strict=True):
        assert logits.dtype == torch.float32
        assert_close(states.double() @ model.lm_head.weight.double().T, logits)
