"""Both readers, against a full pass over each sequence alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from rlvr_bench.harness.models.decoder import Decoder
from rlvr_bench.harness.rollout import reading
from rlvr_bench.harness.rollout.reading import LeanReader, TransformersReader, reader
from rlvr_bench.harness.rollout.text import left_padded
from tests.harness.models.decoders import CONFIGS, causal_lm
from tests.harness.small_runs import CPU
from tests.tolerance import assert_close


@pytest.mark.parametrize("prompts", [[[5, 6, 7], [8], [9, 10]], [[5, 6], [7, 8], [9, 10]]], ids=["padded", "even"])
@pytest.mark.parametrize("name", ["qwen2", "9 heads on 3", "wide heads, untied"])
@pytest.mark.parametrize("make", [LeanReader, TransformersReader])
@torch.no_grad()
def test_logits_are_those_of_a_full_pass(make: Any, name: str, prompts: list[list[int]]) -> None:
    """Sequences are copied, dropped and reordered between the tokens, as they are in sampling."""
    model = causal_lm(CONFIGS[name]).eval()

    def full(sequence: list[int]) -> torch.Tensor:
        return model(input_ids=torch.tensor([sequence])).logits[0, -1]

    read, sequences = make(model), prompts
    found = read.prompts(*left_padded(prompts, 0, CPU), 9)
    for t, order in enumerate((None, [0, 1, 2, 0, 2], None, [4, 1], [1, 0, 0], None, None, None)):
        assert_close(torch.stack([full(sequence) for sequence in sequences]), found, as_float32=True)
        if order:
            read.take(torch.tensor(order))
            sequences = [sequences[i] for i in order]
        tokens = [(11 * t + 5 * i) % 50 for i in range(len(sequences))]
        sequences = [[*sequence, token] for sequence, token in zip(sequences, tokens, strict=True)]
        found = read.token(torch.tensor(tokens))
    assert_close(torch.stack([full(sequence) for sequence in sequences]), found, as_float32=True)


def test_the_lean_one_is_taken_where_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    model = causal_lm(CONFIGS["qwen2"])
    lean = reader(model)
    assert isinstance(lean, LeanReader) and isinstance(lean.decoder, Decoder)
    monkeypatch.setattr(reading, "is_lean", lambda backbone: False)
    assert isinstance(reader(model), TransformersReader)
