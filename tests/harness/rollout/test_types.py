"""What passes through the seam: samples joined, and samples as a rollout."""

from __future__ import annotations

import pytest
import torch

from rlvr_bench.algorithms.types import BatchCounts
from rlvr_bench.harness.rollout import rollout_engine
from rlvr_bench.harness.rollout.torch_engine import TorchRollout
from rlvr_bench.harness.rollout.types import Samples, as_rollout, join
from tests.harness.models.decoders import CONFIGS, causal_lm
from tests.harness.small_runs import config

PAD = 9
TRUE, FALSE = True, False


def samples(prompts: list[list[int]], completions: list[list[int]], first: int, *, logprobs: bool = True) -> Samples:
    """By lists without padding, one completion a prompt."""
    width, length = max(map(len, prompts)), max(map(len, completions))
    return Samples(
        prompt_ids=torch.tensor([[PAD] * (width - len(p)) + p for p in prompts]),
        prompt_mask=torch.tensor([[False] * (width - len(p)) + [True] * len(p) for p in prompts]),
        completion_ids=torch.tensor([c + [PAD] * (length - len(c)) for c in completions]),
        response_mask=torch.tensor([[True] * len(c) + [False] * (length - len(c)) for c in completions]),
        truncated=torch.tensor([len(c) == length for c in completions]),
        group_ids=torch.arange(first, first + len(prompts)),
        tokens_read=10 + first,
        logprobs=torch.tensor([[-float(t) for t in c] + [0.0] * (length - len(c)) for c in completions])
        if logprobs
        else None,
    )


def test_joined_samples_are_padded_to_the_widest() -> None:
    one, two = samples([[1], [2, 3]], [[4, 5, 6], [7]], 0), samples([[1, 2, 3]], [[4]], 2)
    both = join([one, two], PAD)
    assert both.prompt_ids.tolist() == [[9, 9, 1], [9, 2, 3], [1, 2, 3]]
    assert both.prompt_mask.tolist() == [[FALSE, FALSE, TRUE], [FALSE, TRUE, TRUE], [TRUE, TRUE, TRUE]]
    assert both.completion_ids.tolist() == [[4, 5, 6], [7, 9, 9], [4, 9, 9]]
    assert both.response_mask.tolist() == [[TRUE, TRUE, TRUE], [TRUE, FALSE, FALSE], [TRUE, FALSE, FALSE]]
    assert both.truncated.tolist() == [TRUE, FALSE, TRUE]
    assert both.group_ids.tolist() == [0, 1, 2]
    assert both.tokens_read == 10 + 12
    assert both.logprobs is not None
    assert both.logprobs.tolist() == [[-4, -5, -6], [-7, 0, 0], [-4, 0, 0]]


def test_logprobs_that_some_have_not_kept_are_left_out() -> None:
    assert join([samples([[1]], [[2]], 0), samples([[1]], [[2]], 1, logprobs=False)], PAD).logprobs is None


def test_a_rollout_without_scores() -> None:
    rollout = as_rollout(samples([[1], [2, 3]], [[4, 5, 6], [7]], 0), max_tokens=8)
    assert rollout.counts == BatchCounts(sequences=2, tokens=4, max_tokens=8)
    assert rollout.rewards.tolist() == [0, 0]
    assert (rollout.old_logprobs, rollout.values, rollout.advantages) == (None, None, None)
    assert rollout.group_ids.tolist() == [0, 1]


def test_the_configuration_names_the_engine() -> None:
    lm = causal_lm(CONFIGS["qwen2"])
    settings = config(compute={"share": False, "autocast": "bfloat16"})

    lm.generation_config.eos_token_id = [4, 9]

    class Tokenizer:
        pad_token_id, eos_token_id = 3, 4

    engine = rollout_engine(settings, lm, Tokenizer, with_logprobs=True)
    assert isinstance(engine, TorchRollout)
    assert (engine.lm, engine.pad, engine.ends) == (lm, 3, (4, 9))
    assert (engine.share, engine.precision, engine.with_logprobs) == (False, "bfloat16", True)
    assert engine.max_rows == settings.max_rows == 2 * 16
    with pytest.raises(ValueError, match="no rollout engine 'other'; there are torch, vllm"):
        rollout_engine(settings, lm, Tokenizer, name="other")
