"""Runs in base models: labels, intervals over bases by hand, and what is said where they disagree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.cells.pairing import Paired
from rlvr_bench.reports.claims.judged import Proposition
from rlvr_bench.reports.claims.primary.nested import disagreement, label, over_bases
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.stats import Label
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.measures.series import run
from tests.reports.synthetic import CELLS

SAME = Proposition(id="a.b", claim="A.", question="accuracy", kind="equivalent", margin=0.02, unit="points")
VALUES = Paired(tuple(range(6)), (0.01, 0.02, 0.03, 0.03, 0.02, 0.01), (0.0,) * 6)


def from_bases(folder: Path, *bases: int) -> Cell:
    cell = cells_of(folder, CELLS[1], seeds=6)[0]
    runs = (replace(r, config=r.config | {"warm_start": {"seed": bases[r.seed]}}) for r in cell.runs)
    return replace(cell, runs=tuple(runs))


def test_labels() -> None:
    one = replace(run(), seed=4, config={"warm_start": {"seed": 2}, "reward": {"source": "learned", "label_seed": 3}})
    assert label(one) == Label(2, 3, 4)
    verified = replace(one, config={"warm_start": {"seed": 2}, "reward": {"source": "verifier", "label_seed": 3}})
    assert label(verified) == Label(2, None, 4)


def test_the_interval_is_of_the_bases_means(tmp_path: Path) -> None:
    found = over_bases(SAME, VALUES, from_bases(tmp_path, 0, 1, 2, 0, 1, 2), 0.9)
    # the bases' means are .02, .02 and .02: no width
    assert found is not None
    assert (found.estimate.n, found.unit) == (3, "base model")
    close([found.estimate.value, found.estimate.low, found.estimate.high], [0.02] * 3)
    assert found.text == "over 3 base models: +2.0 [+2.0, +2.0] points"
    apart = over_bases(SAME, VALUES, from_bases(tmp_path / "b", 0, 0, 1, 1, 2, 2), 0.9)
    assert apart is not None
    # means .015, .03 and .015: sd .00866, se .005, t(.95, 2) = 2.919986
    close([apart.estimate.value, apart.estimate.low], [0.02, 0.02 - 2.919986 * 0.005], places=6)


def test_one_base_has_no_interval_over_bases(tmp_path: Path) -> None:
    assert over_bases(SAME, VALUES, from_bases(tmp_path, *[1] * 6), 0.9) is None
    assert over_bases(SAME, Paired((), (), ()), from_bases(tmp_path / "b", *range(6)), 0.9) is None


def test_ratios_are_taken_on_the_log_scale(tmp_path: Path) -> None:
    ratio = replace(SAME, scale="ratio", kind="less", margin=1.0, unit="")
    values = Paired(tuple(range(6)), (1.0, 1.0, 1.0, 4.0, 4.0, 4.0), (2.0,) * 6)
    found = over_bases(ratio, values, from_bases(tmp_path, 0, 1, 2, 0, 1, 2), 0.95)
    assert found is not None
    close(found.estimate.value, 1.0)


def test_disagreement_is_said(tmp_path: Path) -> None:
    wide = over_bases(SAME, VALUES, from_bases(tmp_path, 0, 0, 1, 1, 2, 2), 0.9)  # .005 to .035
    assert wide is not None
    assert "not yet of others" in disagreement(SAME, "supported", wide)
    assert disagreement(SAME, "inconclusive", wide) == ""
    assert disagreement(replace(SAME, margin=0.05), "supported", wide) == ""
    assert disagreement(replace(SAME, margin=0.001), "refuted", wide) == ""
