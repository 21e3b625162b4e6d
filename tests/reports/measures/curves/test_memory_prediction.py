"""The closed form of the peak, against numbers worked by hand and against the architectures that the harness builds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.models.architectures import ARCHITECTURES
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.memory_prediction import (
    CHUNK_LOGITS,
    SHAPES,
    Shape,
    activation_bytes,
    predicted_peak,
    prompt_tokens,
    shape_of,
)
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


def test_shapes_are_those_that_the_harness_builds() -> None:
    for name, a in ARCHITECTURES.items():
        keys = a.hidden_size // a.num_attention_heads * a.num_key_value_heads
        expected = Shape(a.vocab_size, a.hidden_size, a.intermediate_size, a.num_hidden_layers, keys)
        assert shape_of(f"arch:{name}", 0) == expected
    assert SHAPES.keys() == ARCHITECTURES.keys()


def test_a_tiny_model_says_its_own_shape() -> None:
    """Qwen2 of width 64 and 2 layers: 4 * 64^2 + 3 * 64 (biases) + 3 * 64 * 256 + 2 * 64 in a layer, 64 at the end."""
    in_layers = 2 * (16384 + 192 + 49152 + 128) + 64
    assert shape_of("tiny:64x2", in_layers + 104 * 64) == Shape(104, 64, 256, 2, 64)
    assert shape_of("mine/model", 1) is None


def test_activations_and_logits_by_hand() -> None:
    """Two completions of 3 tokens of one prompt of 5; width 2, gated 4, keys 1, 10 layers, 7 words.

    In a layer 6 * 2 + 3 * 4 + 2 * 1 = 26 numbers a token, of 2 * 3 + 5 = 11 tokens, and 2 * 1 * 2 * 5 = 20 for the
    prompt's keys and values again: 306, in ten layers 3060.  Logits 3 * 6 * 7 = 126.  Four bytes each.
    """
    shape = Shape(vocabulary=7, width=2, gated=4, layers=10, keys=1)
    assert activation_bytes(shape, 2, 1, prompt=5, tokens=3) == 4 * (3060 + 126)


def test_logits_are_never_more_than_a_chunk() -> None:
    shape = Shape(vocabulary=150_000, width=0, gated=0, layers=0, keys=0)
    assert activation_bytes(shape, 1000, 1, prompt=0, tokens=1000) == 4 * 3 * CHUNK_LOGITS


def cell(folder: Path, settings: dict[str, dict[str, Any]]) -> Cell:
    return cells_of(folder, replace(CELLS[2], settings=settings))[0]


def test_the_peak_is_what_is_resident_and_the_actors_update(tmp_path: Path) -> None:
    """A million parameters: actor 4 + 8 MB and 4 MB of gradients, reference 4 MB; 64 completions of 32 tokens."""
    found = cell(tmp_path, {})
    assert prompt_tokens(found) == len("Sort 7420")
    shape = shape_of("tiny:64x2", 1_000_000)
    assert shape is not None
    room = activation_bytes(shape, 64, 8, prompt=9, tokens=32)
    predicted = predicted_peak(found)
    assert predicted is not None
    close(predicted, 20_000_000 + room)


def test_a_micro_batch_bounds_it(tmp_path: Path) -> None:
    """Of 100 tokens two rows of 9 + 32 fit."""
    shape = shape_of("tiny:64x2", 1_000_000)
    assert shape is not None
    predicted = predicted_peak(cell(tmp_path, {"train": {"micro_tokens": 100}}))
    assert predicted is not None
    close(predicted, 20_000_000 + activation_bytes(shape, 2, 0.25, prompt=9, tokens=32))


@pytest.mark.parametrize(
    "model",
    [
        {"dtype": "bfloat16"},
        {"name": "hub/model"},
        {"gradient_checkpointing": True},
    ],
    ids=lambda m: next(iter(m)),
)
def test_what_it_does_not_know_it_does_not_predict(tmp_path: Path, model: dict[str, Any]) -> None:
    assert predicted_peak(cell(tmp_path, {"model": model})) is None


@pytest.mark.parametrize("model", [{"adapter": {"rank": 4}}, {"critic": "tiny:32x1"}])
def test_adapters_and_a_critic_of_another_size_have_no_closed_form(tmp_path: Path, model: dict[str, Any]) -> None:
    plain, other = cells_of(tmp_path, CELLS[1], replace(CELLS[1], name="other", settings={"model": model}))
    assert predicted_peak(plain) is not None and predicted_peak(other) is None
