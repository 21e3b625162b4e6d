"""What three and four layers say of many is what the whole model says."""

from __future__ import annotations

from typing import Any

import pytest

from rlvr_bench.harness.planner import plan as planning
from rlvr_bench.harness.planner.depth import Unlike, can_be_short, carried_over, shortened
from rlvr_bench.harness.planner.ledger import Piece
from rlvr_bench.harness.planner.shapes import shape_of
from tests.harness.planner.configs import config_of

CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ppo, four models": ("tiny:64x6", "ppo", {"reward": {"source": "learned"}}),
    "grpo in bfloat16, micro-batches": (
        "tiny:64x6",
        "grpo",
        {"model": {"dtype": "bfloat16"}, "train": {"micro_tokens": 100}, "evaluate": {"every": 1}},
    ),
    "recomputing": ("tiny:64x6", "ppo", {"model": {"gradient_checkpointing": True}}),
    "a critic of another size": ("tiny:64x6", "ppo", {"model": {"critic": "tiny:32x7"}}),
    "too many weights to pack": ("arch:smollm2-135m", "grpo", {"compute": {"share": True}}),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_exact(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, algorithm, sections = CASES[case]
    config, shape = config_of(name, algorithm, **sections), shape_of(name)
    assert can_be_short(shape)
    short = planning.plan_of(config, shape, prompts=[16, 15], cuda=True)
    monkeypatch.setattr(planning, "can_be_short", lambda shape: False)
    assert planning.plan_of(config, shape, prompts=[16, 15], cuda=True) == short


def test_what_is_unlike_is_not_shortened() -> None:
    assert not can_be_short(shape_of("tiny:64x4"))
    shape = shape_of("tiny:64x6")
    shape.layer_types = ["full_attention", "sliding_attention"] * 3
    assert not can_be_short(shape)


def test_a_shorter_model_has_fewer_layers() -> None:
    shape = shortened(shape_of("qwen2.5-7b"), 3)
    assert shape.num_hidden_layers == len(shape.layer_types) == 3


def sweep(layers: int) -> list[Piece]:
    """Each layer leaves 10 behind and holds 7 for a moment; the head holds 100."""
    inside = [Piece(k, {"a": 10 * k + 10 + 7}) for k in range(layers)]
    return [Piece(-1, {"a": 0}), *inside, Piece(-1, {"a": 10 * layers + 100})]


def test_by_hand() -> None:
    found = [kinds["a"] for _, kinds in carried_over(sweep(3), sweep(4), 50)]
    # The embedding twice (first and last of a piece alone), the first layer, the last, the second and the last but one.
    assert found == [0, 0, 17, 10 * 49 + 17, 27, 10 * 48 + 17, 600, 600]


def test_runs_that_do_not_match_are_refused() -> None:
    with pytest.raises(Unlike):
        list(carried_over(sweep(3), sweep(4)[:-1], 50))
    with pytest.raises(Unlike):
        list(carried_over(sweep(3)[::-1][:-2], sweep(4), 50))
