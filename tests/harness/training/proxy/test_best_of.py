"""The best of n completions as a reward model picks them, recorded with the facts of the reward model."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.models.roles import ScalarModel
from rlvr_bench.harness.training.evaluate import VerifierFailed
from rlvr_bench.harness.training.grader import Grader
from rlvr_bench.harness.training.proxy.best_of import measure_best_of
from rlvr_bench.harness.training.reward_model import reward_model
from rlvr_bench.harness.training.warm_start import base_model
from rlvr_bench.rewards.learned import Normalizer
from tests.harness.small_runs import config

MEASURE = {"best_of_prompts": 12, "best_of_samples": 8}


class Oracle(ScalarModel):
    """Scores a completion of the parity task by whether its first token is right."""

    tokenizer: Any = None
    sign = 1.0

    def forward(self, rollout: Any, *, at: Any = "tokens") -> torch.Tensor:
        firsts = [int(row[0]) for row in rollout.completion_ids]
        text = ["" if i == self.tokenizer.eos_token_id else self.tokenizer.decode([i]) for i in firsts]
        odd = [self.tokenizer.decode(row[mask]).startswith("odd") for row, mask in
               zip(rollout.prompt_ids, rollout.prompt_mask, strict=True)]  # fmt: skip
        return self.sign * torch.tensor(
            [float(t != "" and ord(t[0]) % 2 == gold) for t, gold in zip(text, odd, strict=True)]
        )


def measured(sign: float = 1.0, **task: Any) -> dict[str, Any]:
    settings = config(measure=MEASURE, rollout={"max_tokens": 1}, task=task, reward={"max_masked": 0.4})
    built = build(plugins.TASKS, settings.task)
    base, tokenizer, _ = base_model(settings, built)
    model = Oracle(base.base_model)
    model.tokenizer, model.sign = tokenizer, sign
    with Grader(built, settings.reward) as grader:
        return measure_best_of(model, Normalizer(0.5, 0.25), settings, base, tokenizer, grader, built)


def test_a_perfect_score_finds_what_is_right_and_a_perverse_one_what_is_wrong() -> None:
    good, bad = measured(), measured(-1.0)
    assert good["n"] == [1, 2, 4, 8] and (good["prompts"], good["samples"], good["split"]) == (12, 8, "test")
    assert good["true"][0] == bad["true"][0] == pytest.approx(0.5, abs=0.2)
    assert good["true"] == sorted(good["true"]) and good["true"][-1] > 0.9
    assert bad["true"] == sorted(bad["true"], reverse=True) and bad["true"][-1] < 0.1
    # Of normalized scores: a right completion has (1 - .5) / .25 = 2, a wrong one -2.
    assert good["proxy"] == pytest.approx([4 * true - 2 for true in good["true"]])
    assert good["true_error"][0] > good["true_error"][-1] >= 0


def test_prompts_without_all_verdicts_are_left_out() -> None:
    found = measured(missing_every=50)  # of 96 completions the first and the 51st: prompts 1 and 7
    assert found["prompts"] == 10
    with pytest.raises(VerifierFailed, match="best of n: 50%"):
        measured(missing_every=2)
    with pytest.raises(VerifierFailed, match="fewer than two prompts"):
        measured(missing_every=4)


@pytest.mark.usefixtures("empty_cache")
def test_it_is_one_of_the_facts_of_a_reward_model() -> None:
    settings = config(measure=MEASURE, reward={"source": "learned"}, rollout={"max_tokens": 1})
    task = build(plugins.TASKS, settings.task)
    base, tokenizer, _ = base_model(settings, task)
    with Grader(task, settings.reward) as grader:
        facts = [reward_model(settings, base, tokenizer, grader, task)[2] for _ in range(2)]
    assert facts[0]["best_of"]["n"] == [1, 2, 4, 8]
    assert facts[0] == facts[1]  # the second from the cache
