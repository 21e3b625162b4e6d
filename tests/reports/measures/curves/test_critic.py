"""A critic's numbers: at the end, above zero after its warm-up, and how far the updates go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.measures.curves.critic import critic_numbers, warm_up
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


def metrics(seed: int, step: int, done: float) -> Mapping[str, float | None]:
    """Explained variance below 0 in steps 1 and 2 and in step 3 of seed 0, .4 later; clipping in the last six steps."""
    low = step <= 2 or (seed == 0 and step == 3)
    row: dict[str, float | None] = {"train/explained_variance": -0.5 if low else 0.4}
    return row | {"train/clip_fraction": 0.06 if step > 2 else 0.5, "train/approx_kl": 0.001}


def test_of_a_warmed_critic(tmp_path: Path) -> None:
    cell = replace(CELLS[1], more=metrics, settings={"train": {"critic_warmup_steps": 2}})
    cells = cells_of(tmp_path, cell, CELLS[2], seeds=2, steps=8)
    assert [warm_up(c) for c in cells] == [2, 0]
    (found,) = critic_numbers(cells)  # GRPO has no critic
    assert found.label == "PPO, verifier"
    close(found.explained.value, 0.4)
    close(found.above_zero, 11 / 12)  # one of twice six steps is not
    assert found.clipped and found.kl
    close([found.clipped.value, found.kl.value], [0.06, 0.001])


def test_a_critic_that_explains_nothing(tmp_path: Path) -> None:
    cell = replace(CELLS[1], more=lambda *_: {"train/explained_variance": -0.1, "train/clip_fraction": 0.0})
    (found,) = critic_numbers(cells_of(tmp_path, cell, steps=8))
    assert found.above_zero == 0
    assert found.clipped and found.clipped.value == 0
