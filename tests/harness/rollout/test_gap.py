"""The gap between the engine that samples and the scorer, and its limit."""

from __future__ import annotations

import math

import pytest
import torch

from rlvr_bench.harness.rollout.gap import SamplerGap, sampler_gap

SAMPLED = torch.tensor([[-1.0, -2.0, -9.0], [-1.5, -9.0, -9.0]])
SCORED = torch.tensor([[-1.1, -1.7, 5.0], [-1.5, 5.0, 5.0]])
MASK = torch.tensor([[True, True, False], [True, False, False]])


def test_the_mean_and_the_largest_over_sampled_tokens() -> None:
    found = sampler_gap(SAMPLED, SCORED, MASK, limit=0.2)
    assert found["rollout/sampler_gap"] == pytest.approx((0.1 + 0.3 + 0.0) / 3, abs=1e-6)
    assert found["rollout/sampler_gap_max"] == pytest.approx(0.3, abs=1e-6)


def test_more_than_the_limit_is_refused_and_so_is_what_is_no_number() -> None:
    with pytest.raises(SamplerGap, match=r"rollout.max_gap: .* are 0.133 nats a token from .* allowed are 0.1;"):
        sampler_gap(SAMPLED, SCORED, MASK, limit=0.1)
    with pytest.raises(SamplerGap, match="nan nats"):
        sampler_gap(SAMPLED * math.nan, SCORED, MASK, limit=0.1)
