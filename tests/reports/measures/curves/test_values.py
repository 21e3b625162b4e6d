"""The critic's values against continuations: by hand, and the correction for noise by simulation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.values import (
    by_seed,
    completion_tokens,
    over_seeds,
    places,
    probed,
    states,
    steps,
)
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.probes import prompt, row, simulated
from tests.reports.synthetic import CELLS


def cell_with(folder: Path, *by_seed: list[dict[str, Any]], **more: Any) -> Cell:
    spec = replace(CELLS[1], values=lambda seed: by_seed[seed], **more)
    return cells_of(folder, spec, seeds=len(by_seed))[0]


def test_by_hand(tmp_path: Path) -> None:
    """Two prompts of two states, 4 continuations each, groups of 4.

    First states: means 1/2 and 1/4, values 3/4 and 1/4: off by 1/4 and 0.  Squared standard errors: 1/4 / 3 = 1/12 and
    3/16 / 3 = 1/16.  Variance of a reward 1/3 and 1/4, of a group's mean 1/12 and 1/16: mean 7/96.
    Corrected square: (1/16 - 1/12 - 1/16) / 2 < 0.
    """
    cell = cell_with(tmp_path, [row(3, prompt([0.75, 0.5], [2, 4]), prompt([0.25, 1.0], [1, 0]))])
    assert (places(cell), steps(cell), completion_tokens(cell)) == ((0, 1), (3,), 8)
    first = by_seed(cell, place=0)[0]
    close([first.tokens, first.share, first.worth, first.bias, first.absolute], [0, 0, 3 / 8, 1 / 8, 1 / 8])
    close([first.error, first.group, first.group_here], [0, (7 / 96) ** 0.5, (7 / 96) ** 0.5])
    assert first.explained is None and first.rank is None  # of two states
    # Second states: worth 1 and 0, sure; values 1/2 and 1: off by -1/2 and 1.
    second = by_seed(cell, place=1)[0]
    close([second.tokens, second.share, second.worth, second.bias, second.absolute], [4, 0.5, 0.5, 0.25, 0.75])
    close(second.error, (5 / 8) ** 0.5)
    # from the pass rate: 1/2 and -1/4, squares less those of its error 1/4 - 1/12 and 1/16 - 1/16
    close(second.group_here, (7 / 96 + (1 / 4 - 1 / 12) / 2) ** 0.5)


def test_what_is_explained_and_how_it_is_ranked(tmp_path: Path) -> None:
    """Sure states worth 0, 1, 1, 0, values 0, 1/2, 1, 1/4 with the mean 1/4 off... by hand:

    apart 0, -1/2, 0, 1/4: mean -1/16, variance (5/16 - 4/256) / 3; of the worth 1/3.  Ranks 1 3 4 2 against ties
    1.5 3.5 3.5 1.5: covariance 4, over sqrt(5 * 4).
    """
    cell = cell_with(tmp_path, [row(0, prompt([0.0, 0.5], [0, 4]), prompt([1.0, 0.25], [4, 0]))])
    found = by_seed(cell)[0]
    assert found.explained is not None and found.rank is not None
    close(found.explained, 1 - (5 / 16 - 4 / 256))
    close(found.rank, 4 / 20**0.5)
    assert by_seed(cell_with(tmp_path / "b", [row(0, prompt([0.5] * 4, [4] * 4), states=4)]))[0].explained is None


@pytest.mark.parametrize("off", [0.05, 0.2])
def test_the_error_does_not_have_the_noise_of_the_continuations(tmp_path: Path, off: float) -> None:
    """With 64 continuations the noise alone is about .05: uncorrected, .05 would be read as .07."""
    cell = cell_with(tmp_path, *[simulated(seed, off=off, prompts=100) for seed in range(4)])
    found = by_seed(cell)
    error = over_seeds(found, lambda e: e.error)
    assert error is not None and abs(error.value - off) < 0.006
    uncorrected = fmean((s.value - s.worth) ** 2 for r in cell.runs for s in states(r)) ** 0.5
    assert uncorrected > (off**2 + 0.04**2) ** 0.5
    # values are uniform over [0, 1] behind the prompt: variance 1/12
    later = over_seeds({0: by_seed(cell, place=2)[0]}, lambda e: e.explained)
    assert later is not None and abs(later.value - (1 - 12 * off**2)) < 0.15


def test_what_was_not_probed_has_none(tmp_path: Path) -> None:
    rows = [row(0, {**prompt([0.5, 0.5], [2, 2]), "position": [4, 6]}, {**prompt([], []), "position": []})]
    cells = cells_of(tmp_path, CELLS[2], replace(CELLS[1], values=lambda seed: rows))
    assert probed(cells) == ()
    failed = replace(CELLS[1], values=lambda seed: simulated(seed, off=1), status={0: "oom"})
    assert probed(cells_of(tmp_path / "b", failed)) == ()
