"""The text of methods: every number in it is a record's, and what differs between parts says where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.harness.records import Hypothesis
from rlvr_bench.reports.load import Study, load
from rlvr_bench.reports.paper.methods import paragraphs
from tests.reports import core, synthetic
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS

EQUAL = Hypothesis("accuracy.sort", "GRPO ends as PPO does.", "learning", "pass@1", ("grpo", "ppo"), "difference",
                   "equivalent", 0.05, 10, 3)  # fmt: skip
FASTER = Hypothesis("time.step", "A GRPO step is shorter.", "systems", "step_seconds", ("grpo", "ppo"), "ratio",
                    "less", 0.75, 3, 3)  # fmt: skip


def told(study: Study) -> dict[str, str]:
    return {p.title: p.text for p in paragraphs(study)}


def different(part, cell, seed) -> dict:
    """Settings that only this test has, by part; two base models in the learning part."""
    learning = part.name == "learning"
    return {
        "rollout": {"prompts": 17 if learning else 3, "max_tokens": 77},
        "train": {"epochs": 3, "minibatches": 5},
        "warm_start": {"steps": 321, "batch": 11, "noise": 0.25, "habit": 0.0, "seed": seed % 2 if learning else 0},
        "evaluate": {"items": 123, "final_items": 456, "samples": 9, "split": "test"},
    }


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    cells = [replace(CELLS[0], facts={"pairs": 1234}), *CELLS[1:]]
    folder = tmp_path_factory.mktemp("study")
    return load(synthetic.write(folder, cells, config=different, steps=6, hypotheses=[EQUAL, FASTER]))


def test_design_and_models(study: Study) -> None:
    text = told(study)
    assert text["Design"] == (
        "The study quick has 3 configurations (cells) in 2 parts. learning: Learning to sort, tiny model (3 seeds); "
        "systems: Cost of a step, 1 M parameters (3 seeds). Within a part every cell is run with the same seeds, and "
        "runs of one seed are compared as pairs. Seeds are dealt in turn to several base models: 2."
    )
    assert "Model: tiny:64x2 with 1,000,000 parameters, float32." in text["Models"]
    assert "supervised training: 321 steps of 11 demonstrations, noise 0.25." in text["Models"]
    assert "actor, critic, reference: “PPO, verifier”; actor, reference: “GRPO, verifier”" in text["Models"]


def test_rewards_budgets_and_evaluation(study: Study) -> None:
    text = told(study)
    assert "the verifier's verdict: “PPO, verifier”, “GRPO, verifier”" in text["Tasks and rewards"]
    assert "a learned reward model trained on 1,234 pairs of labels: “PPO, four models”" in text["Tasks and rewards"]
    training = text["Training"]
    assert (
        "6 steps of 17 prompts x 8 completions (learning); 6 steps of 3 prompts x 8 completions (systems)" in training
    )
    assert "at most so many tokens: 77." in training
    assert "epochs x minibatches: 3 x 5." in training
    assert "every 5 steps on 123 items of the split test, 456 at the end, 9 completions each" in text["Evaluation"]


def test_hypotheses_are_a_list_with_how_each_is_judged(study: Study) -> None:
    (found,) = [p for p in paragraphs(study) if p.title == "Hypotheses"]
    assert found.text == "2 hypotheses were written down before the runs, with margins and numbers of pairs:"
    assert found.items == (
        "accuracy.sort (learning): GRPO ends as PPO does. Judged: pass@1 of grpo less ppo is equivalent within .05, 3 "
        "pairs planned.",
        "time.step (systems): A GRPO step is shorter. Judged: step seconds of grpo over ppo lies below .75, 3 pairs "
        "planned.",
    )


def test_statistics_are_those_that_were_used(study: Study, tmp_path: Path) -> None:
    text = told(study)["Statistics"]
    assert all(word in text for word in ("paired differences", "(TOST), each at .05", "over the 2 hypotheses alone"))
    assert "interval over base models is Student's" in text
    plain = load(synthetic.write(tmp_path, CELLS[1:], [LEARNING], steps=4))
    assert "base models is" not in told(plain)["Statistics"]
    assert "Holm's correction runs" not in told(plain)["Statistics"]
    assert told(plain)["Hypotheses"] == "No hypothesis was named before the runs; every finding is descriptive."


def test_base_models_that_were_measured_are_told(tmp_path: Path) -> None:
    core.write_parts(tmp_path, {core.SORT: core.CELLS[1:3]}, steps=4)
    core.write_base(tmp_path, "sort", ["ppo", "grpo"])
    text = told(load(tmp_path))["Models"]
    assert "before any reinforcement: 0.440, mean of 1 on 50 items." in text


def test_costs_alone_are_not_evaluated(tmp_path: Path) -> None:
    text = told(load(synthetic.write(tmp_path, CELLS[1:], [SYSTEMS])))
    assert "Evaluation" not in text
    assert "Run time" in text


def test_a_study_without_any_record_still_has_a_text(tmp_path: Path) -> None:
    cells = [replace(c, status=dict.fromkeys(range(3), "missing")) for c in CELLS]
    text = told(load(synthetic.write(tmp_path, cells, [LEARNING])))
    assert text["Run time"].startswith("0 of 9 planned runs finished.")
    assert "Hardware and software" not in text
