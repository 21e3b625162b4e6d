"""Scores, against float64 passes over each sequence alone, without padding, cache or chunks."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
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
from rlvr_bench.harness.models.scoring import (
    Positions,
    distinct,
    hidden_states,
    micro_batches,
    part_of,
    positions_read,
    score_rollout,
)
from tests.harness.models.decoders import CONFIGS, alone, causal_lm, within_vocabulary
from tests.harness.ragged import LENGTHS, WIDTHS, padded, sequence
from tests.tolerance import assert_close


@pytest.mark.parametrize("lean", [True, False])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_logprobs_and_entropy_are_those_of_whole_logits(
    model: Any, rollout: Rollout, temperature: float, lean: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not lean:
        monkeypatch.setattr(scoring, "is_lean", lambda backbone: False)
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


def test_the_entropy_may_be_detached_or_left_out(model: Any, rollout: Rollout) -> None:
    policy = Policy(model)
    found = {how: policy(rollout, temperature=0.9, entropy=how) for how in ("grad", "detached", "off")}
    for logprobs, _ in found.values():
        assert logprobs.requires_grad
        assert_close(found["grad"][0], logprobs)
    assert_close(found["grad"][1], found["detached"][1])
    assert not found["off"][1].any()
    with_gradient, *without = (
        torch.autograd.grad((e + 0 * p).sum(), model.lm_head.weight)[0] for p, e in found.values()
    )
    assert with_gradient.abs().max() > 0
    assert not any(gradient.any() for gradient in without)


def loss_and_gradients(model: Any, rollout: Rollout, parts: list[Tensor], *, trim: bool = False) -> list[Tensor]:
    """Scores in the rollout's order, and the gradient of a sum that weighs every token differently."""
    model = copy.deepcopy(model).double()  # what differs is the order of sums, not what is summed
    mask = rollout.response_mask
    weight = torch.arange(1.0, 1 + mask.numel()).view(mask.shape) / 24
    scores = torch.zeros(2, *mask.shape, dtype=torch.float64)
    for rows in parts:
        part = part_of(rollout, rows) if trim else rollout.select(rows)
        logprobs, entropy = Policy(model)(part, temperature=0.9, entropy="grad")
        width = logprobs.shape[1]
        (weight[rows, :width] * (logprobs + 0.5 * entropy)).sum().backward()
        scores[0][rows, :width], scores[1][rows, :width] = logprobs.detach().double(), entropy.detach().double()
    return [*scores, *(p.grad for p in model.parameters())]


@pytest.mark.parametrize(
    ("micro_tokens", "expected"),
    [
        # Prompts are 5 wide; the longest completions of the three groups are 4, 2 and 4.
        (1, [[0], [1], [3], [4], [5], [2]]),
        (18, [[0, 1], [3, 4], [5, 2]]),
        (27, [[0, 1, 3], [4, 5, 2]]),
        (53, [[0, 1, 3, 4, 5], [2]]),
        (54, [[0, 1, 2, 3, 4, 5]]),  # all fit: as they are
    ],
)
def test_micro_batches_keep_groups_together_and_the_longest_first(
    rollout: Rollout, micro_tokens: int, expected: list[list[int]]
) -> None:
    assert [rows.tolist() for rows in micro_batches(rollout, micro_tokens)] == expected


def test_a_short_group_has_more_rows_in_a_part(rollout: Rollout) -> None:
    """The groups reach 4, 2 and 1 tokens: 9, 7 and 6 with their prompts, so one, two and two rows fit into 14."""
    lengths = torch.tensor([4, 1, 2, 1, 1, 1])
    rollout = replace(rollout, response_mask=torch.arange(4) < lengths.unsqueeze(1))
    assert [rows.tolist() for rows in micro_batches(rollout, 14)] == [[0], [1], [2, 3], [4, 5]]


def test_a_part_is_as_wide_as_its_longest_completion(rollout: Rollout) -> None:
    part = part_of(replace(rollout, old_logprobs=rollout.response_mask.float()), torch.tensor([2, 1]))
    assert part.completion_ids.tolist() == rollout.completion_ids[[2, 1], :2].tolist()
    assert part.response_mask.tolist() == [[True, True], [True, False]]
    assert part.old_logprobs is not None and part.old_logprobs.tolist() == [[1, 1], [1, 0]]
    assert part.prompt_ids.shape == part.prompt_mask.shape == (2, WIDTHS[0])
    assert part.counts == rollout.counts, "losses are divided by the counts of the whole batch"


@pytest.mark.parametrize("micro_tokens", [1, 18, 27, 10_000])
def test_micro_batches_do_not_matter(model: Any, rollout: Rollout, micro_tokens: int) -> None:
    whole = loss_and_gradients(model, rollout, [torch.arange(6)])
    parts = list(micro_batches(rollout, micro_tokens))
    assert sorted(torch.cat(parts).tolist()) == list(range(6))
    for expected, actual in zip(whole, loss_and_gradients(model, rollout, parts, trim=True), strict=True):
        assert_close(expected, actual, as_float32=True)


@pytest.mark.parametrize("micro_tokens", [1, 18, 10_000])
def test_scores_are_put_back_where_they_belong(rollout: Rollout, micro_tokens: int) -> None:
    tokens = score_rollout(lambda part: part.completion_ids * part.response_mask, rollout, micro_tokens)
    assert torch.equal(tokens, rollout.completion_ids)
    rows = score_rollout(lambda part: part.completion_ids[:, 0].float(), rollout, micro_tokens)
    assert torch.equal(rows, rollout.completion_ids[:, 0].float())


def test_equal_completions_of_a_prompt_are_found(rollout: Rollout) -> None:
    again = rollout.select(torch.tensor([4, 0, 4, 1, 3, 0]))
    kinds, index = distinct(again)
    assert len(kinds.rewards) == 4
    assert torch.equal(kinds.completion_ids[index], again.completion_ids)
    assert torch.equal(kinds.group_ids[index], again.group_ids)
    assert torch.equal(kinds.response_mask[index], again.response_mask)


def test_equal_tokens_are_no_equal_completions(rollout: Rollout) -> None:
    """Of another prompt, or of another length where the token that pads is a token as well."""
    same = replace(rollout, completion_ids=torch.full_like(rollout.completion_ids, 7))
    lengths = [(group, length) for group, length in zip(same.group_ids.tolist(), LENGTHS, strict=True)]
    assert len(distinct(same)[0].rewards) == len(set(lengths)) == 6
    equal = replace(same, response_mask=torch.ones_like(same.response_mask))
    assert len(distinct(equal)[0].rewards) == 3


def test_positions_read(rollout: Rollout) -> None:
    """Completions of 4 + 1 + 2 + 4 + 3 + 1 = 15 tokens; prompts of 3, 1 and 5, read once or for 2, 1 and 3 rows."""
    assert positions_read(rollout, prompts_once=True, after_last=True) == Positions(3 + 1 + 5, 15)
    assert positions_read(rollout, prompts_once=False, after_last=True) == Positions(6 + 1 + 15, 15)
    # Without the last token of each of the six: 3 + 0 + 1 + 3 + 2 + 0.
    assert positions_read(rollout, prompts_once=True, after_last=False) == Positions(3 + 1 + 5, 9)
    assert positions_read(rollout, prompts_once=False, after_last=False) == Positions(6 + 1 + 15, 9)


def test_positions_told_are_positions_that_go_through(model: Any, rollout: Rollout) -> None:
    """Counted where they are embedded; one sequence of 5 and 4 tokens, so that nothing is padding."""
    model, even = copy.deepcopy(model), rollout.select(torch.tensor([3]))
    seen: list[int] = []
    model.get_input_embeddings().register_forward_hook(lambda module, ids, out: seen.append(ids[0].numel()))
    for after_last, count in ((False, 5 + 3), (True, 5 + 4)):
        seen.clear()
        hidden_states(model.base_model, even, after_last=after_last)
        assert sum(seen) == count == sum(positions_read(even, prompts_once=True, after_last=after_last))


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
        assert_close(one, other, as_float32=True)  # transformers normalizes in float32


@pytest.mark.parametrize("after_last", [True, False])
@pytest.mark.parametrize("path", ["_lean", "_cached"])
def test_completions_of_one_token(path: str, after_last: bool, rollout: Rollout) -> None:
    """Their only state is the one after the prompt, which is read without them."""
    model = causal_lm(CONFIGS["qwen2"])
    one = within_vocabulary(part_of(rollout, torch.tensor([1, 5])))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "is_lean", lambda backbone: path == "_lean")
        states = scoring.hidden_states(model.base_model, one, after_last=after_last)
    for row in (0, 1):
        prompt, completion = sequence(one, row)
        expected = alone(model.base_model, prompt + completion)[len(prompt) - 1 : len(prompt) + after_last]
        assert_close(expected, states[row], as_float32=True)


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


@pytest.mark.parametrize(("chunk", "largest"), [(4, 4), (100, 15)])  # 15 tokens in all
def test_no_tensor_holds_all_logits(
    model: Any, rollout: Rollout, chunk: int, largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "CHUNK_LOGITS", chunk * model.config.vocab_size)
    with Largest(model.config) as seen:
        loss_and_gradients(model, rollout, [torch.arange(6)])
    assert seen.rows == largest
