"""The model card says how the model was trained."""

from __future__ import annotations

import json

from rlvr_bench.harness.commands.runs.card import card
from rlvr_bench.harness.records import EvaluationCounts, Summary
from tests.harness.small_runs import config

SUMMARY = Summary("killed", "SIGTERM", "", "", 1, "hash", "t", 1.0, 2)


def counts(step: int, right: int) -> EvaluationCounts:
    return EvaluationCounts(step, "test", 2, 1.0, (right, right), (1, 0))


def test_it_has_the_settings_and_the_accuracy_before_and_after() -> None:
    found = [counts(0, 0), counts(1, 1), counts(2, 2)]
    text = card(config(train={"steps": 5}), SUMMARY, found, name="mine", step=2)
    assert text.startswith("---\nlibrary_name: transformers\n")
    assert "base_model:" not in text  # tiny:16x1 is no name of the hub
    assert "# mine\n" in text
    assert "| steps | 2 of 5, each of 4 prompts x 4 completions |" in text
    assert "| how the run ended | killed |" in text
    assert "- step 0: pass@1 0.000" in text
    assert "- step 2: pass@1 1.000" in text
    assert "- step 1" not in text
    settings = text.split("```json\n")[1].split("```")[0]
    assert json.loads(settings)["train"]["steps"] == 5


def test_the_hub_learns_of_the_base_model() -> None:
    text = card(config(model={"name": "org/model"}, warm_start={"steps": 3}), SUMMARY, [], name="mine", step=0)
    assert "\nbase_model: org/model\n" in text
    assert "| base model | `org/model`, after 3 supervised steps on demonstrations of the task |" in text
    assert "Not evaluated" in text
