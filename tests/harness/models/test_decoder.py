"""The lean decoder, against transformers' own forward pass over each sequence alone, in float64."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck
from transformers import LlamaConfig, Qwen2Config, Qwen3Config

from rlvr_bench.harness.models import decoder, scoring
from rlvr_bench.harness.models.decoder import Decoder, KeyValues, causal_mask, is_lean
from rlvr_bench.harness.models.scoring import hidden_states
from tests.harness.models.decoders import (
    CONFIGS,
    SIZES,
    VOCABULARY,
    alone,
    causal_lm,
    reference,
    within_vocabulary,
)
from tests.harness.ragged import GROUPS, LENGTHS, WIDTHS, make_rollout, sequence
from tests.tolerance import assert_close

PROMPT_LENGTHS = 3, 6, 1
PLAIN: dict[str, Any] = {**SIZES, "hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 4}
WINDOW = Qwen2Config(**PLAIN, use_sliding_window=True, sliding_window=4, max_window_layers=1)


@pytest.fixture(params=CONFIGS)
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """A model for the lean decoder and the same for transformers."""
    model = causal_lm(CONFIGS[request.param])
    assert is_lean(model.base_model)
    return model, reference(model)


def prompts() -> tuple[Tensor, Tensor, Tensor]:
    """Left-padded ids, their mask and positions."""
    width = max(PROMPT_LENGTHS)
    mask = torch.arange(width) >= width - torch.tensor(PROMPT_LENGTHS).unsqueeze(1)
    ids = torch.randint(1, VOCABULARY, mask.shape, generator=torch.Generator().manual_seed(3)) * mask
    return ids, mask, (mask.long().cumsum(1) - 1).clamp(min=0)


def weighted(states: Tensor) -> Tensor:
    """A sum in which every number weighs differently."""
    return (states * torch.linspace(-1, 2, states.numel(), dtype=states.dtype).view(states.shape)).sum()


def assert_equal_gradients(expected: Any, actual: Any) -> None:
    for (name, one), other in zip(expected.named_parameters(), actual.parameters(), strict=True):
        if one.grad is None:
            assert other.grad is None, name  # an embedding of the output, not tied
        else:
            assert other.grad.abs().max() > 0, name
            assert_close(one.grad, other.grad)


@pytest.mark.parametrize("packed", [False, True])
def test_padded_prompts_are_read_as_each_alone(pair: Any, packed: bool) -> None:
    model, oracle = pair
    ids, mask, positions = prompts()
    hidden, _ = Decoder(model.base_model, packed=packed)(ids, positions, mask=causal_mask(mask))
    assert torch.isfinite(hidden).all(), "padding must not spoil gradients"
    expected = torch.cat([alone(oracle.base_model, row[keep].tolist()) for row, keep in zip(ids, mask, strict=True)])
    assert_close(expected, hidden[mask])
    if not packed:  # for reading without gradients only
        weighted(expected).backward()
        weighted(hidden[mask]).backward()
        assert_equal_gradients(oracle, model)


def test_without_padding_no_mask_is_needed(pair: Any) -> None:
    model, oracle = pair
    ids, positions = torch.arange(1, 9).view(2, 4), torch.arange(4).expand(2, 4)
    hidden, _ = Decoder(model.base_model)(ids, positions)
    assert_close(torch.stack([alone(oracle.base_model, row.tolist()) for row in ids]), hidden)


def test_completions_behind_shared_prompts(pair: Any) -> None:
    """Prompts read once for their group: the states and all gradients of sequences read each alone."""
    model, oracle = pair
    rollout = within_vocabulary(make_rollout())
    expected = []
    for row in range(len(LENGTHS)):
        prompt, completion = sequence(rollout, row)
        expected.append(alone(oracle.base_model, prompt + completion)[len(prompt) - 1 :])
    states = hidden_states(model.base_model, rollout, after_last=True)
    assert states.shape[:2] == (len(GROUPS), WIDTHS[1] + 1)
    actual = torch.cat([states[row, : length + 1] for row, length in enumerate(LENGTHS)])
    assert_close(torch.cat(expected), actual)
    weighted(torch.cat(expected)).backward()
    weighted(actual).backward()
    assert_equal_gradients(oracle, model)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("padded", [False, True])
@torch.no_grad()
def test_token_by_token_is_all_at_once(pair: Any, packed: bool, padded: bool) -> None:
    """Rows are dropped, copied and reordered between the tokens."""
    model, oracle = pair
    ids, mask, positions = prompts()
    if not padded:
        ids, mask = torch.arange(1, 19).view(3, 6), torch.ones_like(mask)
        positions = torch.arange(6).expand(3, 6)
    read = Decoder(model.base_model, packed=packed)
    _, states = read(ids, positions, mask=causal_mask(mask) if padded else None)
    cache = [KeyValues(keys, values, most=ids.shape[1] + 40) for keys, values in states]
    rows = [row[keep].tolist() for row, keep in zip(ids, mask, strict=True)]
    for t in range(40):  # over several growths of the buffers
        if t in (2, 30):
            order = torch.tensor([2, 0, 0, 1] if t == 2 else [1, 3])
            rows, mask = [list(rows[i]) for i in order.tolist()], mask[order]
            for layer in cache:
                layer.take(order)
        tokens = torch.tensor([(7 * t + 3 * i) % VOCABULARY for i in range(len(rows))])
        mask = torch.cat([mask, torch.ones(len(rows), 1, dtype=torch.bool)], dim=1)
        hidden = read.token(tokens, torch.tensor([len(row) for row in rows]), cache, mask if padded else None)
        for row, token in zip(rows, tokens.tolist(), strict=True):
            row.append(token)
        if t in (0, 2, 3, 29, 30, 39):
            assert_close(torch.stack([alone(oracle.base_model, row)[-1] for row in rows]), hidden)


def test_weights_are_packed_once_and_only_where_they_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = causal_lm(CONFIGS["qwen2"]).base_model
    ids, positions = torch.tensor([[1, 2, 3]]), torch.arange(3).unsqueeze(0)
    packed, plain = Decoder(backbone, packed=True), Decoder(backbone)
    with torch.no_grad():
        before = packed(ids, positions)[0]
        backbone.layers[0].self_attn.q_proj.weight.add_(1)
        assert torch.equal(before, packed(ids, positions)[0])  # copied when it was made
        moved = plain(ids, positions)[0]
        assert not torch.allclose(before, moved)
        monkeypatch.setattr(decoder, "PACKED_NUMBERS", sum(p.numel() for p in backbone.layers.parameters()) - 1)
        large = Decoder(backbone, packed=True)
        backbone.layers[0].self_attn.q_proj.weight.sub_(1)
        assert_close(before, large(ids, positions)[0])  # no copy


def numbered(rows: int, tokens: int) -> Tensor:
    """(rows, 2, tokens, 3), no two numbers alike."""
    return torch.arange(rows * 2 * tokens * 3, dtype=torch.float32).view(rows, 2, tokens, 3)


def test_keys_and_values_grow_and_keep_what_they_have() -> None:
    whole = numbered(2, 200)
    cache = KeyValues(whole[:, :, :5], -whole[:, :, :5], most=200)
    capacities = set()
    for t in range(5, 200):
        keys, values = cache.append(whole[:, :, t : t + 1], -whole[:, :, t : t + 1])
        assert keys.shape[2] == values.shape[2] == cache.length == t + 1
        capacities.add(cache.keys.shape[2])
    assert torch.equal(keys, whole) and torch.equal(values, -whole)
    assert len(capacities) <= 5, "grown by doubling, not at every token"
    assert cache.keys.shape[2] == 200, "and never more than there can be"


def test_rows_are_taken_in_order_and_on_their_own() -> None:
    whole = numbered(3, 4)
    cache = KeyValues(whole[:, :, :3], -whole[:, :, :3], most=9)
    cache.append(whole[:, :, 3:], -whole[:, :, 3:])
    cache.take(torch.tensor([2, 0, 2]))
    last = torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1, 1).expand(3, 2, 1, 3)
    keys, values = cache.append(last, -last)
    assert torch.equal(keys, torch.cat([whole[[2, 0, 2]], last], dim=2))
    assert torch.equal(values, -keys)


@pytest.mark.parametrize(
    "config",
    [
        Qwen3Config(**PLAIN),
        LlamaConfig(**PLAIN, hidden_act="gelu"),
        LlamaConfig(**PLAIN, attention_dropout=0.1),
        LlamaConfig(**PLAIN, mlp_bias=True),
        WINDOW,
    ],
    ids=["another architecture", "another activation", "dropout", "biases of the feed-forward", "sliding window"],
)
def test_what_it_does_not_compute_it_refuses(config: Any) -> None:
    assert not is_lean(causal_lm(config).base_model)


def test_what_it_refuses_is_scored_by_transformers() -> None:
    """A window of 4 tokens, in sequences of up to 9."""
    model = causal_lm(WINDOW)
    rollout = within_vocabulary(make_rollout())
    states = hidden_states(model.base_model, rollout, after_last=True)
    for row, length in enumerate(LENGTHS):
        prompt, completion = sequence(rollout, row)
        expected = alone(model.base_model, prompt + completion)[len(prompt) - 1 :]
        assert_close(expected, states[row, : length + 1], as_float32=True)


def random(*shape: int) -> Tensor:
    draw = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=draw, dtype=torch.float64).requires_grad_()


def test_gradient_of_normalization() -> None:
    assert gradcheck(lambda x, weight: decoder._RMSNorm.apply(x, weight, 1e-5), (random(2, 3, 4), random(4)))


def test_gradient_of_rotation() -> None:
    cos, sin = (random(2, 3, 1, 2).detach() for _ in range(2))
    assert gradcheck(lambda x: decoder._Rotate.apply(x, cos, -2 * sin), (random(2, 3, 5, 4),))


def test_gradient_of_the_gate() -> None:
    assert gradcheck(decoder._Gate.apply, (random(3, 4), random(4, 3).T.detach().clone().requires_grad_()))


@pytest.mark.parametrize("training", [True, False])
def test_under_gradient_checkpointing_transformers_reads(training: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In training and in eval mode, so that actor and reference take one path; the lean decoder reads without it."""
    model = causal_lm(CONFIGS["qwen2"], torch.float32).train(training)
    made: list[Any] = []
    monkeypatch.setattr(scoring, "Decoder", lambda *args, **kwargs: made.append(args) or Decoder(*args, **kwargs))
    rollout = within_vocabulary(make_rollout())
    hidden_states(model.base_model, rollout, after_last=False)
    assert made
    made.clear()
    model.activation_checkpointing_enable({"use_reentrant": False})
    hidden_states(model.base_model, rollout, after_last=False)
    assert not made
