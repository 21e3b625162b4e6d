"""Which tokens end a completion, and that none of them can be sampled where it is forbidden."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from rlvr_bench.harness.models.ends import end_ids, forbid, is_end
from rlvr_bench.harness.models.tiny import ModelError
from tests.harness.models.decoders import CONFIGS, VOCABULARY, causal_lm
from tests.tolerance import assert_close


class Tokenizer:
    def __init__(self, eos: int | None) -> None:
        self.eos_token_id = eos


@pytest.mark.parametrize(
    ("generation", "config", "tokenizer", "expected"),
    [
        ([9, 4], None, 4, (4, 9)),
        ([9, 4], 7, 3, (3, 4, 7, 9)),
        (None, [5, 6], None, (5, 6)),
        (None, None, 2, (2,)),
        (8, 8, 8, (8,)),
        (VOCABULARY, 0, None, (0,)),  # no such token: it cannot be sampled
    ],
)
def test_all_that_are_named_end_a_completion(
    generation: Any, config: Any, tokenizer: int | None, expected: tuple[int, ...]
) -> None:
    model = causal_lm(CONFIGS["qwen2"])
    model.generation_config.eos_token_id, model.config.eos_token_id = generation, config
    try:
        assert end_ids(model, Tokenizer(tokenizer)) == expected
    finally:
        model.config.eos_token_id = None  # the configurations are shared


def test_a_completion_that_could_not_end_is_refused() -> None:
    model = causal_lm(CONFIGS["qwen2"])
    model.generation_config.eos_token_id = None
    with pytest.raises(ModelError, match="names a token that ends a completion; set eos_token_id"):
        end_ids(model, Tokenizer(None))


def test_where_the_ends_are() -> None:
    found = is_end(torch.tensor([[1, 2, 3], [4, 3, 1]]), torch.tensor([3, 4]))
    assert found.tolist() == [[False, False, True], [True, True, False]]


def test_what_is_forbidden_has_no_probability_and_no_gradient() -> None:
    """Logits 0 over four tokens: two are left in the first row, ln 2 nats of entropy; the second row keeps ln 4."""
    leaf = torch.zeros(2, 4, dtype=torch.float64, requires_grad=True)
    logits = forbid(leaf * 1, [1, 3], torch.tensor([True, False]))
    table = torch.log_softmax(logits, -1)
    assert_close([[0.5, 0, 0.5, 0], [0.25] * 4], table.exp())
    entropies = -(table.exp() * table).sum(-1)
    assert_close([0.6931471805599453, 1.3862943611198906], entropies)
    table[:, 0].sum().backward()
    # d log p0 / d z = (1 at 0) - p: forbidden logits have no part in it.
    assert leaf.grad is not None
    assert_close([[0.5, 0, -0.5, 0], [0.75, -0.25, -0.25, -0.25]], leaf.grad)
