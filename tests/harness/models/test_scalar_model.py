"""Values and outcome scores stand where they belong: a critic sees the state before the token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.models import scoring
from rlvr_bench.harness.models.roles import ScalarModel
from rlvr_bench.harness.models.scoring import score_rollout
from tests.harness.ragged import LENGTHS, PROMPTS, padded, sequence
from tests.tolerance import assert_close


@pytest.fixture
def transparent(model: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScalarModel]:
    """Its score at a position is 1000 x the position + the token there, whatever the weights are."""
    monkeypatch.setattr(scoring, "is_lean", lambda backbone: False)  # the lean decoder calls no hooks
    scalar = ScalarModel.from_causal_lm(model)
    torch.nn.init.zeros_(scalar.head.weight)
    scalar.head.weight.data[0, :2] = torch.tensor([1000.0, 1.0])

    def show(module: Any, args: Any, kwargs: dict[str, Any], output: Any) -> Any:
        output.last_hidden_state[..., 0] = kwargs["position_ids"]
        output.last_hidden_state[..., 1] = kwargs["input_ids"]
        return output

    with torch.no_grad():
        handle = scalar.backbone.register_forward_hook(show, with_kwargs=True)
        yield scalar
        handle.remove()


def test_a_value_is_of_the_state_before_the_token(transparent: ScalarModel, rollout: Rollout) -> None:
    expected = []
    for row in range(len(LENGTHS)):
        prompt, completion = sequence(rollout, row)
        both = prompt + completion
        expected.append([1000.0 * at + both[at] for at in range(len(prompt) - 1, len(both) - 1)])
    assert_close(padded(expected), transparent(rollout))


def test_an_outcome_is_read_at_the_last_token(transparent: ScalarModel, rollout: Rollout) -> None:
    last = [(PROMPTS[row] + LENGTHS[row] - 1, sequence(rollout, row)[1][-1]) for row in range(len(LENGTHS))]
    assert_close([1000.0 * at + token for at, token in last], transparent(rollout, at="end"))


@pytest.mark.parametrize("micro_tokens", [9, 10_000])
def test_a_rollout_is_scored_in_order(transparent: ScalarModel, rollout: Rollout, micro_tokens: int) -> None:
    whole = transparent(rollout)
    assert_close(whole, score_rollout(transparent, rollout, micro_tokens))


def test_what_is_not_seen_does_not_matter(model: Any, rollout: Rollout) -> None:
    """The last token cannot change any value, and later tokens cannot change earlier ones."""
    scalar = ScalarModel.from_causal_lm(model)
    torch.nn.init.normal_(scalar.head.weight)
    before = scalar(rollout)
    rollout.completion_ids[0, 3] += 1  # the last of four
    assert_close(before, scalar(rollout))
    rollout.completion_ids[0, 1] += 1
    after = scalar(rollout)
    assert_close(before[0, :2], after[0, :2])
    assert (before[0, 2:] != after[0, 2:]).all()


def test_a_new_critic_predicts_zero(model: Any, rollout: Rollout) -> None:
    assert_close(torch.zeros(6, 4), ScalarModel.from_causal_lm(model)(rollout))
