"""pass@k and maj@k of many samples: means, gains over the base model, and where they turn, by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.many import (
    asked,
    base_curve,
    base_of,
    cell_curve,
    crossing,
    gains,
    ks_of,
    many_at,
    temperatures,
)
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.often import KS, base, often
from tests.reports.synthetic import CELLS

_, PPO, GRPO = CELLS


@pytest.fixture
def cells(tmp_path: Path) -> tuple[Cell, ...]:
    """PPO's seeds 0, 1 and 2 begin .5, .6 and .7; the first is given another temperature."""
    spec = replace(
        PPO,
        settings={"warm_start": {"steps": 9}},
        many=lambda seed: often(
            [0.5 + 0.1 * seed, 0.8, 0.8, 0.9], [0.1, 0.2, 0.3, 0.4], temperature=0.8 if seed else 1.0
        ),
    )
    return cells_of(tmp_path, spec, GRPO, seeds=3)


def test_means_over_the_seeds(cells: tuple[Cell, ...]) -> None:
    assert [c.name for c in asked(cells)] == ["ppo"]
    assert ks_of(asked(cells)) == list(KS)
    close([e.value for e in cell_curve(cells[0], "pass").values()], [0.6, 0.8, 0.8, 0.9])
    close([e.value for e in cell_curve(cells[0], "maj").values()], [0.1, 0.2, 0.3, 0.4])
    # standard error .1 / sqrt 3, t(.975; 2) = 4.303
    close(cell_curve(cells[0], "pass")[1].high or 0, 0.6 + 4.302653 * 0.1 / 3**0.5, places=5)
    assert cell_curve(cells[1], "pass") == {}
    assert temperatures(cells[0]) == {0.8: 2, 1.0: 1}


def test_the_value_that_a_hypothesis_is_about(cells: tuple[Cell, ...]) -> None:
    run, bare = cells[0].runs[1], cells[1].runs[0]
    close([many_at(run, "pass@1") or 0, many_at(run, "maj@8") or 0], [0.6, 0.4])
    assert many_at(run, "pass@256") is None
    assert many_at(bare, "pass@8") is None
    assert many_at(replace(bare, state="diverged"), "pass@8") == 0.0


def test_each_run_is_held_against_its_own_base_model(cells: tuple[Cell, ...]) -> None:
    bases = [base([0.9, 0.9, 0.9, 0.9], {"steps": 3}), base([0.4, 0.6, 0.9, 0.95], {"steps": 9})]
    seeds, by_k = gains(cells[0], bases, "pass")
    assert seeds == [0, 1, 2]
    close(by_k[1].tolist(), [0.1, 0.2, 0.3])
    close(by_k[8].tolist(), [-0.05] * 3)
    close(list(base_curve(bases, "pass").values()), [0.65, 0.75, 0.9, 0.925])
    assert base_of(cells[0].runs[0], bases[:1]) is None
    assert gains(cells[0], [base(None, {"steps": 9})], "pass") == ([], {})
    assert base_curve([base(None, {})], "pass") == {}


def test_where_it_crosses_by_hand() -> None:
    # mean gains .2, .1, -.1, -.2: half-way between 2 and 4 in log k
    found = crossing({1: np.array([0.2, 0.2]), 2: np.array([0.1, 0.1]), 4: np.array([-0.1, -0.1]), 8: np.full(2, -0.2)})
    assert found is not None
    close([found.k or 0, found.low or 0, found.high or 0, found.share], [2**1.5] * 3 + [1.0])
    assert found.most == 8


def test_a_crossing_that_some_draws_lack_has_no_upper_end() -> None:
    found = crossing({1: np.full(4, 0.1), 8: np.array([-1.0, 0.05, 0.05, 0.08])})
    assert found is not None
    assert found.k is not None and found.high is None
    # of the draws of 4, those without the first have none: (3 / 4)^4 = .316
    close(found.share, 1 - 0.316, places=1)
    never = crossing({1: np.full(3, 0.1), 8: np.full(3, 0.01)})
    assert never is not None
    assert (never.k, never.low, never.high, never.share) == (None, None, None, 0.0)
    below = crossing({1: np.full(3, -0.1), 8: np.full(3, 0.01)})
    assert below is not None and below.k == 1.0
    assert crossing({1: np.array([0.1])}) is None
    assert crossing({}) is None
