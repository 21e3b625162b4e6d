"""What is sampled comes as often as its score says."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import chisquare

from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.models.roles import Policy
from rlvr_bench.harness.rollout.torch_engine import TorchRollout
from rlvr_bench.harness.rollout.types import SamplingParams, as_rollout
from tests.harness.models.decoders import CONFIGS, causal_lm
from tests.tolerance import assert_close

DRAWS = 4000


def fits(*, sampled_at: float, scored_at: float) -> list[float]:
    """P-values of a chi-square test of the first tokens after two prompts, rare tokens taken as one; fixed seed."""
    model, tokenizer = load_base(ModelConfig("tiny:16x1"), seed=0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(5)  # at its initial scale all tokens are about as likely
    engine = TorchRollout(model, pad=tokenizer.pad_token_id, ends=[tokenizer.eos_token_id], max_rows=2 * DRAWS)
    prompts = [tokenizer(prompt)["input_ids"] for prompt in ("padded", "so")]
    samples = engine.generate(prompts, SamplingParams(DRAWS, 1, temperature=sampled_at), seed=0)
    logprobs, _ = Policy(model)(as_rollout(samples, max_tokens=1), temperature=scored_at)
    found = []
    for first in (0, DRAWS):
        tokens = samples.completion_ids[first : first + DRAWS, 0].tolist()
        scores = logprobs[first : first + DRAWS, 0].detach().exp().tolist()
        expected = {token: DRAWS * p for token, p in zip(tokens, scores, strict=True) if DRAWS * p >= 10}
        counts = [tokens.count(token) for token in expected]
        assert len(counts) > 10
        rest = DRAWS - sum(counts), DRAWS - sum(expected.values())
        found.append(chisquare([*counts, rest[0]], [*expected.values(), rest[1]], sum_check=False).pvalue)
    return found


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_frequencies_are_the_scored_probabilities(temperature: float) -> None:
    assert min(fits(sampled_at=temperature, scored_at=temperature)) > 1e-3


def test_scores_at_another_temperature_do_not_fit() -> None:
    assert max(fits(sampled_at=0.7, scored_at=1.0)) < 1e-6


@pytest.mark.parametrize("how", ["bfloat16 weights", "bfloat16 products"])
def test_in_bfloat16_kept_log_probabilities_are_near_the_scored_ones(how: str) -> None:
    """Hidden states of later tokens differ by their roundings; logits, which are float32 in both, add none."""
    dtype, precision = (torch.bfloat16, "off") if how == "bfloat16 weights" else (torch.float32, "bfloat16")
    lm = causal_lm(CONFIGS["qwen2"], dtype)
    engine = TorchRollout(lm, pad=0, ends=[7], max_rows=64, precision=precision, with_logprobs=True)
    samples = engine.generate([[1, 2, 3], [4], [5, 6]], SamplingParams(8, 9, 9), 0)
    policy = Policy(lm, precision=precision, ends=[7], min_tokens=9)
    with torch.no_grad():
        scored, _ = policy(as_rollout(samples, max_tokens=9), temperature=1.0)
    assert samples.logprobs is not None and samples.logprobs.dtype == scored.dtype == torch.float32
    assert_close(samples.logprobs[:, 0], scored[:, 0])  # the state after the prompt is the same in both
    assert float((samples.logprobs - scored).abs().mean()) < 2**-5
