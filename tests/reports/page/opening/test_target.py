"""Times to the target: medians over the seeds, those that never reach it among them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.measures.budgets import TARGET
from rlvr_bench.reports.page.opening.short_table import Entry
from rlvr_bench.reports.page.opening.target import times_to_target
from tests.reports.judge import learning_study
from tests.reports.synthetic import CELLS


def test_medians_and_how_many_reached_it(tmp_path: Path) -> None:
    # A step takes 1 s but the first, which takes 5; evaluated every 5 steps; .9 and above is reached by step 25.
    quick = replace(CELLS[2], final=lambda seed: TARGET + 0.1, seconds=lambda seed: 1.0)
    half = replace(quick, name="half", final=lambda seed: TARGET + (0.1 if seed == 0 else -0.1))
    study = learning_study(tmp_path, quick, half, steps=40)
    found = times_to_target(study, study.manifest.parts[0])
    assert found is not None
    assert found.title == "s to .7"
    assert found.entries == {"grpo": Entry("24.0", "3 of 3"), "half": Entry("> 44.0", "1 of 3")}


def test_without_an_arrival_there_is_no_column(tmp_path: Path) -> None:
    study = learning_study(tmp_path, replace(CELLS[2], final=lambda seed: TARGET - 0.1), steps=40)
    assert times_to_target(study, study.manifest.parts[0]) is None
