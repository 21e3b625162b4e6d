"""Which part the answer is about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.harness.records import Hypothesis
from rlvr_bench.reports.load import Study, load
from rlvr_bench.reports.page.opening.parts import answered, seeds_remark
from tests.reports import synthetic
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS

SECOND = replace(LEARNING, name="b", title="B")
HYPOTHESIS = Hypothesis("a.b", "A.", "b", "pass@1", ("ppo", "grpo"), "difference", "greater", 0.02, 10, 3)


def study(folder: Path, *parts: object) -> Study:
    return load(synthetic.write(folder, CELLS[2:], list(parts), steps=1))  # type: ignore[arg-type]


def test_the_first_learning_part_comes_first(tmp_path: Path) -> None:
    assert [p.name for p in answered(study(tmp_path, SYSTEMS, LEARNING, SECOND))] == ["learning", "b"]


def test_unless_a_hypothesis_is_about_another(tmp_path: Path) -> None:
    found = study(tmp_path, LEARNING, SECOND)
    named = replace(found, manifest=replace(found.manifest, hypotheses=(HYPOTHESIS,)))
    assert [p.name for p in answered(named)] == ["b", "learning"]
    lost = replace(found, manifest=replace(found.manifest, hypotheses=(replace(HYPOTHESIS, part="systems"),)))
    assert [p.name for p in answered(lost)] == ["learning", "b"]


def test_a_study_that_learns_nothing_answers_with_its_costs(tmp_path: Path) -> None:
    assert [p.name for p in answered(study(tmp_path, SYSTEMS))] == ["systems"]


def test_the_fewest_seeds_are_remarked_on(tmp_path: Path) -> None:
    assert seeds_remark(study(tmp_path, LEARNING, replace(SECOND, seeds=(0, 1)))).startswith("n = 2 is two seeds")
