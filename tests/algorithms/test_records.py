"""The rollout's own methods and the metrics of an update, by hand."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from rlvr_bench.algorithms.metrics import policy_metrics, value_metrics
from rlvr_bench.algorithms.types import BatchCounts, Rollout
from tests.algorithms.samples import sample
from tests.tolerance import assert_close


def test_select_takes_the_rows_of_every_tensor() -> None:
    rollout, _ = sample()
    part = rollout.select(torch.tensor([4, 1]))
    for field in dataclasses.fields(rollout):
        whole, picked = getattr(rollout, field.name), getattr(part, field.name)
        if isinstance(whole, torch.Tensor):
            assert picked.tolist() == [whole.tolist()[4], whole.tolist()[1]]
        else:
            assert picked == whole
    assert rollout.select(torch.tensor([0]), counts=BatchCounts(1, 3, 8)).counts == BatchCounts(1, 3, 8)


def test_counts_of_completions() -> None:
    mask = torch.tensor([[True, True, False], [True, False, False]])
    assert BatchCounts.of(mask, 7) == BatchCounts(sequences=2, tokens=3, max_tokens=7)


def test_with_scores_leaves_the_original_alone() -> None:
    rollout, _ = sample()
    scored = rollout.with_scores(advantages=rollout.old_logprobs, returns=rollout.values)
    assert scored.advantages is rollout.old_logprobs
    assert scored.returns is rollout.values
    assert (rollout.advantages, rollout.returns) == (None, None)


def test_a_rollout_of_unlike_shapes_is_refused() -> None:
    rollout, _ = sample()
    with pytest.raises(TypeError):
        dataclasses.replace(rollout, old_logprobs=rollout.old_logprobs[:, 1:])


def tiny(ratios: list[float]) -> tuple[Rollout, Tensor, Tensor]:
    """One completion of two tokens and one of padding, with the given ratios; log-probabilities sum to zero."""
    rollout, _ = sample(lengths=(2,), groups=(0,), width=3)
    rollout = dataclasses.replace(rollout, old_logprobs=torch.zeros(1, 3), counts=BatchCounts(2, 4, 8))
    return rollout, torch.tensor([[*ratios, 1.0]]).log(), torch.tensor([[0.5, 1.5, 7.0]])


def test_metrics_by_hand() -> None:
    # ratios 1/2 and 1/4, the batch has 4 tokens: k3 of old against new is ratio - 1 - log ratio
    # (1/2 - 1 + ln 2 + 1/4 - 1 + 2 ln 2) / 4 = (3 ln 2 - 5/4) / 4; entropy (0.5 + 1.5) / 4; one clip of 4
    rollout, logprobs, entropy = tiny([0.5, 0.25])
    log = policy_metrics(rollout, logprobs, entropy, torch.tensor([[True, False, True]]))
    assert_close((3 * 0.6931471805599453 - 1.25) / 4, log["approx_kl"])
    assert (log["entropy"].item(), log["clip_fraction"].item()) == (0.5, 0.25)
    assert value_metrics(rollout, torch.tensor([[True, True, True]]))["value_clip_fraction"].item() == 0.5


@pytest.mark.parametrize("ratios", [[0.5, 0.25], [2.0, 4.0], [0.5, 2.0]])
def test_padding_is_no_extreme_of_the_ratio(ratios: list[float]) -> None:
    log = policy_metrics(*tiny(ratios), torch.zeros(1, 3, dtype=torch.bool))
    assert (log["ratio_min"].item(), log["ratio_max"].item()) == (min(ratios), max(ratios))


def test_metrics_carry_no_gradient() -> None:
    rollout, logprobs, entropy = tiny([0.5, 0.25])
    log = policy_metrics(rollout, logprobs.requires_grad_(), entropy, torch.ones(1, 3) > 0)
    assert not any(v.requires_grad for v in log.values())
