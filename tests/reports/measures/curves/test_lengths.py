"""First and last number of a run, who counted self-checks, and where a cell has its KL."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.measures.curves.lengths import CHECKED, LENGTH, counted, first, kl_of, last
from tests.reports.judge import cells_of
from tests.reports.lengths import checking
from tests.reports.measures.series import run
from tests.reports.synthetic import CELLS

RUN = run(eval__length_mean=[20.0, None, 22.0, None, 25.0])


def test_first_and_last() -> None:
    assert (first(RUN, LENGTH), last(RUN, LENGTH)) == (20.0, 25.0)
    assert (first(RUN, CHECKED), last(RUN, CHECKED)) == (None, None)
    assert last(replace(RUN, config={"train": {"steps": 6}}), LENGTH) is None  # ended before


def test_counted_and_placed(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, CELLS[1], checking("grpo-a", kl="reward"), checking("grpo-b"))
    assert [c.name for c in counted(cells)] == ["grpo-a", "grpo-b"]
    assert [kl_of(c) for c in cells] == [(0.02, "loss"), (0.03, "reward"), (0.0, "")]
