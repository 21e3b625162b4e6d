"""Every pair of cells, each once, with numbers worked by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import load
from rlvr_bench.reports.measures.pairwise import pairs_of
from tests.reports import synthetic
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS, SYSTEMS


def test_three_cells_are_three_pairs(tmp_path: Path) -> None:
    found = pairs_of(cells_of(tmp_path, *CELLS, seeds=3, steps=8))
    assert [(p.a.name, p.b.name) for p in found] == [("ppo", "ppo-rm"), ("grpo", "ppo-rm"), ("grpo", "ppo")]
    last = found[-1]
    assert last.pass1 is not None
    assert last.seconds is not None
    assert last.peak is not None
    close(last.pass1.value, 0.01)
    # .91 .92 .93 against .90 .91 .92: of nine pairs six are above and two are equal
    close(last.improvement or 0.0, (6 + 2 / 2) / 9)
    # 1.00 1.005 1.01 against 1.67 1.68 1.69
    close(last.seconds.value, (1.0 / 1.67 * 1.005 / 1.68 * 1.01 / 1.69) ** (1 / 3))
    close(last.peak.value, (45 / 90 * 46 / 91 * 47 / 92) ** (1 / 3))


def test_a_third_algorithm_is_compared_by_name(tmp_path: Path) -> None:
    third = replace(CELLS[2], name="rloo", label="RLOO, verifier", algorithm="rloo")
    found = pairs_of(cells_of(tmp_path, *CELLS[1:], third, seeds=3, steps=8))
    assert [(p.a.label, p.b.label) for p in found][-1] == ("RLOO, verifier", "GRPO, verifier")
    assert found[-1].improvement == 0.5


def test_what_was_not_measured_is_none(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, CELLS[1:], [SYSTEMS]))
    found = pairs_of(study.cells(SYSTEMS))[0]
    assert found.pass1 is found.improvement is None
    assert found.seconds is not None
    assert pairs_of(study.cells(SYSTEMS)[:1]) == ()
