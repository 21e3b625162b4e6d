"""What pairing gained: correlations that can be worked by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.harness.records import Hypothesis
from rlvr_bench.reports.page.appendix.correlations import compared, correlation_table
from tests.reports.judge import learning_study
from tests.reports.synthetic import CELLS, LEARNING

NAMED = Hypothesis("a.b", "A.", "learning", "pass@1", ("grpo", "ppo-rm"), "difference", "greater", 0.02, 10, 3)


def test_cells_that_move_together_and_apart(tmp_path: Path) -> None:
    # PPO ends at .90, .91, .92; GRPO at .90, .91, .92 or the other way round: SD .01 each.
    for name, sign, expected in (("a", 1, ("+1.00", "0.000", "0.014")), ("b", -1, ("-1.00", "0.020", "0.014"))):
        grpo = replace(CELLS[2], final=lambda seed, sign=sign: 0.91 + sign * (seed - 1) * 0.01)
        study = learning_study(tmp_path / name, CELLS[1], grpo, steps=40)
        row = correlation_table(study, study.manifest.parts[0]).rows[0]
        assert row == ("PPO, verifier and GRPO, verifier", "final pass@1", "3", *expected)


def test_two_seeds_or_no_spread_have_no_correlation(tmp_path: Path) -> None:
    flat = replace(CELLS[2], final=lambda seed: 0.9)
    for name, cells, seeds in (("a", CELLS[1:], 2), ("b", (CELLS[1], flat), 3), ("c", CELLS[1:], 1)):
        study = learning_study(tmp_path / name, *cells, seeds=seeds, steps=8)
        assert correlation_table(study, study.manifest.parts[0]).rows[0][3] == "—"


def test_the_pairs_of_the_hypotheses_come_first_and_each_pair_once(tmp_path: Path) -> None:
    cells = learning_study(tmp_path, *CELLS).cells(LEARNING)
    again = replace(NAMED, cells=("grpo", "ppo"))
    lost = replace(NAMED, cells=("grpo", "nobody"))
    elsewhere = replace(NAMED, part="other", cells=("ppo", "ppo-rm"))
    found = compared(cells, [NAMED, again, lost, elsewhere])
    assert [(a.name, b.name) for a, b in found] == [("grpo", "ppo-rm"), ("grpo", "ppo")]
    assert [(a.name, b.name) for a, b in compared(cells, [])] == [("ppo", "grpo")]
    assert compared((), [NAMED]) == []
