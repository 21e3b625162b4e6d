"""Scores, against float64 passes over each sequence alone, without padding, cache or chunks."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models import scoring
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.models.roles import Policy
from tests.harness.ragged import LENGTHS, padded, sequence
from tests.tolerance import assert_close


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_logprobs_and_entropy_are_those_of_whole_logits(model: Any, rollout: Rollout, temperature: float) -> None:
    double, logprobs, entropies = copy.deepcopy(model).double().eval(), [], []
    for row in range(len(LENGTHS)):
        prompt, completion = sequence(rollout, row)
        with torch.no_grad():
            logits = double(input_ids=torch.tensor([prompt + completion])).logits[0] / temperature
        table = [torch.log_softmax(logits[len(prompt) + t - 1], -1).tolist() for t in range(len(completion))]
        logprobs.append([line[token] for line, token in zip(table, completion, strict=True)])
        entropies.append([-sum(math.exp(p) * p for p in line) for line in table])
    actual = Policy(model)(rollout, temperature=temperature, entropy="grad")
    assert_close(padded(logprobs), actual[0], as_float32=True)
    assert_close(padded(entropies), actual[1], as_float32=True)


def loss_and_gradients(model: Any, rollout: Rollout, parts: list[Tensor]) -> list[Tensor]:
    """Scores joined, and the gradient of a sum that weighs every token differently."""
    model = copy.deepcopy(model).double()  # what differs is the order of sums, not what is summed
    weight = torch.arange(1.0, 1 + rollout.response_mask.numel()).view(rollout.response_mask.shape) / 24
    pairs = []
    for part in parts:
        logprobs, entropy = Policy(model)(rollout.select(part), temperature=0.9, entropy="grad")
        (weight[part] * (logprobs + 0.5 * entropy)).sum().backward()
        pairs.append((logprobs.detach(), entropy.detach()))
    gradients = [p.grad for p in model.parameters()]
    return [torch.cat(column) for column in zip(*pairs, strict=True)] + gradients


@pytest.mark.parametrize("micro_tokens", [1, 18, 27, 10_000])
def test_micro_batches_do_not_matter(model: Any, rollout: Rollout, micro_tokens: int) -> None:
    parts = list(scoring.micro_batches(torch.arange(6), 9, micro_tokens))
    assert [len(p) for p in parts] == {1: [1] * 6, 18: [2] * 3, 27: [3] * 2, 10_000: [6]}[micro_tokens]
    whole = loss_and_gradients(model, rollout, [torch.arange(6)])
    for expected, actual in zip(whole, loss_and_gradients(model, rollout, parts), strict=True):
        assert_close(expected, actual, as_float32=True)


def test_chunks_do_not_matter(model: Any, rollout: Rollout, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = loss_and_gradients(model, rollout, [torch.arange(6)])
    monkeypatch.setattr(scoring, "CHUNK_LOGITS", 4 * model.config.vocab_size)
    for expected, actual in zip(whole, loss_and_gradients(model, rollout, [torch.arange(6)]), strict=True):
        assert_close(expected, actual, as_float32=True)


def test_gradient_checkpointing_does_not_matter(rollout: Rollout) -> None:
    plain, checkpointed = (
        load_base(ModelConfig("tiny:16x2", gradient_checkpointing=on), seed=0)[0].train() for on in (False, True)
    )
    expected, actual = (loss_and_gradients(m, rollout, [torch.arange(6)]) for m in (plain, checkpointed))
    for one, other in zip(expected, actual, strict=True):
        assert_close(one, other)


class Largest(TorchDispatchMode):
    """Remembers the most rows of logits that any tensor held; the output embedding transposed is none."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.vocabulary, self.weight, self.rows = config.vocab_size, (config.hidden_size, config.vocab_size), 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if (
                isinstance(leaf, Tensor)
                and leaf.ndim > 1
                and leaf.shape[-1] == self.vocabulary
                and leaf.shape != self.weight
            ):
                self.rows = max(self.rows, leaf.numel() // self.vocabulary)
        return result


def test_no_tensor_holds_all_logits(model: Any, rollout: Rollout, monkeypatch: pytest.MonkeyPatch) -> None:
    for chunk, largest in ((4, 4), (100, 15)):  # 15 tokens in all
        monkeypatch.setattr(scoring, "CHUNK_LOGITS", chunk * model.config.vocab_size)
        with Largest(model.config) as seen:
            loss_and_gradients(model, rollout, [torch.arange(6)])
        assert seen.rows == largest
