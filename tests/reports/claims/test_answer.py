"""The answer: who is ahead by how much, from the primary findings first, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports.claims.answer import answer, short
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.claims.study import findings
from rlvr_bench.reports.load import Study, load
from rlvr_bench.reports.stats import Estimate
from tests.reports import synthetic
from tests.reports.claims.primary.hypothesis import COST, SAME
from tests.reports.judge import learning_study
from tests.reports.measures.curves import test_memory_curve as curve
from tests.reports.often import often
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS

SECOND = Finding(
    id="accuracy.final", claim="Equal.", conclusion="inconclusive", sentence="Equal: inconclusive.", n="3 paired seeds",
    pair=("GRPO, verifier", "PPO, verifier"), estimate=Estimate(0.01, -0.02, 0.04, 3, "t"), unit="points",
    holds=(-0.02, 0.02), level=0.9, part="Learning to sort, tiny model",
)  # fmt: skip
RATIO = replace(SECOND, id="time.step.matched", question="cost", scale="ratio", unit="", holds=None, level=0.95)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return learning_study(tmp_path_factory.mktemp("one"), *CELLS[1:])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Neither GRPO nor PPO is shown to be ahead: GRPO less PPO is +1.0 [-2.0, +4.0] points"),
        ({"estimate": Estimate(0.03, 0.01, 0.05, 3, "t")},
         "GRPO is ahead of PPO: GRPO less PPO is +3.0 [+1.0, +5.0] points"),
        ({"estimate": Estimate(-0.03, -0.05, -0.01, 3, "t")},
         "PPO is ahead of GRPO: GRPO less PPO is -3.0 [-5.0, -1.0] points"),
        ({"conclusion": "supported", "estimate": Estimate(0.005, -0.01, 0.015, 3, "t")},
         "GRPO and PPO end equal, within 2.0 points: GRPO less PPO is +0.5 [-1.0, +1.5] points"),
        ({"conclusion": "undecidable", "sentence": "Equal: undecidable, floor."}, "Equal: undecidable, floor"),
    ],
)  # fmt: skip
def test_who_is_ahead(study: Study, changes: dict, said: str) -> None:
    found = answer(study, [replace(SECOND, **changes)]).accuracy
    assert found.startswith(said)
    assert found.endswith("(90 % interval, 3 paired seeds; descriptive).") or "undecidable" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"estimate": Estimate(0.5, 0.4, 0.8, 3, "log t")},
         "PPO takes 2.00 times [1.25, 2.50] the seconds of GRPO a step"),
        ({"estimate": Estimate(2.0, 1.25, 2.5, 3, "log t")},
         "GRPO takes 2.00 times [1.25, 2.50] the seconds of PPO a step"),
        ({"estimate": Estimate(1.0, 0.8, 1.2, 3, "log t")},
         "Neither GRPO nor PPO is shown to take more seconds a step: ratio 1.00 [0.80, 1.20]"),
        ({"id": "budget.seconds", "question": "budget", "estimate": Estimate(inf, 4.0, inf, 3, "log-rank")},
         "GRPO takes more than 4.00 times the seconds of PPO to pass@1 of .7"),
    ],
)  # fmt: skip
def test_who_costs_more(study: Study, changes: dict, said: str) -> None:
    assert answer(study, [replace(RATIO, **changes)]).cost.startswith(said)


def test_memory_names_the_smaller(study: Study) -> None:
    peak = replace(RATIO, id="memory.peak.matched", question="memory", estimate=Estimate(1.6, 1.5, 1.7, 3, "log t"))
    states = replace(
        peak, id="memory.states.matched", conclusion="arithmetic", estimate=Estimate(0.5, 0.5, 0.5, 1, "exact")
    )
    told = answer(study, [peak, states]).memory
    assert told.startswith("PPO has a measured peak 37.5 % lower [33.3, 41.2] than GRPO")
    assert told.endswith("GRPO has states 50.0 % lower than PPO (arithmetic).")


def test_primary_findings_come_before_descriptive_ones(study: Study) -> None:
    first = replace(
        SECOND, id="accuracy.mine", primary=True, conclusion="refuted", estimate=Estimate(0.1, 0.08, 0.12, 3, "t")
    )
    told = answer(study, [SECOND, first]).accuracy
    assert told.startswith("GRPO is ahead of PPO: GRPO less PPO is +10.0")
    assert told.endswith("hypothesis accuracy.mine refuted).")
    assert "inconclusive" not in told


def test_of_many_samples_the_k_is_said(tmp_path: Path) -> None:
    cells = [replace(c, many=lambda seed: often([0.1, 0.2, 0.3, 0.8 + 0.001 * (seed % 3)])) for c in CELLS[1:]]
    cells[1] = replace(cells[1], many=lambda seed: often([0.1, 0.2, 0.3, 0.8 + 0.001 * (seed % 2)]))
    named = replace(SAME, id="samples.many", measure="pass@8")
    part = replace(LEARNING, seeds=tuple(range(6)))
    written = load(synthetic.write(tmp_path, cells, [part], steps=8, hypotheses=[named]))
    told = answer(written, findings(written)).accuracy
    assert told.startswith("At pass@8, GRPO and PPO end equal, within 2.0 points: GRPO less PPO is "), told


def test_what_was_not_measured_is_said(study: Study) -> None:
    found = answer(study, [SECOND])
    assert found.cost == "Cost: no two cells could be compared."
    assert found.memory == "Memory: no two cells could be compared."


def test_what_is_not_known(study: Study) -> None:
    untested = not_tested("x.y", "Something.", "so")
    assert answer(study, [SECOND, untested]).unknown == ("Not decided about accuracy: Equal.", "Not tested: Something.")
    primary = replace(SECOND, primary=True, sentence="Mine: inconclusive, so.")
    assert answer(study, [primary, SECOND]).unknown == ("Mine: inconclusive, so.",)
    assert answer(study, [replace(primary, conclusion="supported")]).unknown == ()


def test_several_parts_each_have_their_sentence(tmp_path: Path) -> None:
    parts = [LEARNING, replace(LEARNING, name="more", title="Programs"), SYSTEMS]
    hypotheses = (
        replace(SAME, n=3),
        replace(SAME, id="accuracy.more", part="more", n=3),
        replace(COST, part="systems", n=3),
    )
    written = load(synthetic.write(tmp_path, CELLS[1:], parts, steps=8, hypotheses=hypotheses))
    found = answer(written, findings(written))
    assert found.accuracy.startswith("Learning to sort, tiny model: ")
    assert " Programs: " in found.accuracy
    assert found.cost.startswith("Cost of a step, 1 M parameters: PPO takes 1.67 times [")
    assert found.scope == (
        "Model tiny:64x2 (1.00 M parameters), task sort, 3 seeds a cell, 1 base model, on Test GPU, 2 threads; "
        "18 of 18 planned runs finished."
    )


def test_of_a_search_alone_the_best_trials_are_told(tmp_path: Path) -> None:
    trials = [
        replace(CELLS[2], name=f"grpo-{i}", label=f"GRPO, trial {i}", search="grpo", final=lambda _, f=final: f)
        for i, final in enumerate((0.5, 0.75, 0.6), start=1)
    ]
    part = PartInfo("tuning", "search", "Trials", (1, 2))
    found = answer(load(synthetic.write(tmp_path, trials, [part], steps=10)), [])
    assert found.accuracy == "Best validation pass@1 of a search: GRPO 0.750 of 3 trials (no interval)."
    assert found.cost == "Cost: no two cells could be compared."


def test_labels_are_shortened_where_that_loses_nothing() -> None:
    assert short(("GRPO, verifier", "PPO, verifier")) == ("GRPO", "PPO")
    assert short(("GRPO, verifier", "PPO, four models")) == ("GRPO, verifier", "PPO, four models")
    assert short(("GRPO, a", "GRPO, a")) == ("GRPO, a", "GRPO, a")


def test_a_study_over_sizes_says_where_the_saving_is_least_and_most(tmp_path: Path) -> None:
    """Peaks of 80 against 100 and of 120 against 200 with every seed; no pair stands for all of them."""
    cells = curve.four(tmp_path / "four")
    over_sizes = load(tmp_path / "four")
    found = answer(over_sizes, findings(over_sizes))
    assert cells
    assert found.memory.startswith("GRPO has a measured peak 20.0 % lower [20.0, 20.0] at 1 M parameters with ")
    assert "and 40.0 % lower [40.0, 40.0] at 1 M parameters" in found.memory
    assert "the ends of 2 sizes" in found.memory and "has states 44.4 % lower" in found.memory
    assert found.cost == "Time: each size by itself, in the tables below."
    assert found.accuracy == "Accuracy: not a question of this study."
    assert {f.id for f in findings(over_sizes) if f.tested} == {"memory.states.matched", "models.count"}
