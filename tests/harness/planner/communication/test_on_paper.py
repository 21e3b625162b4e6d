"""A step on paper makes the passes that a step with full completions makes, and sends what they send."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from rlvr_bench.algorithms.types import BatchCounts, Rollout
from rlvr_bench.harness.engines.deepspeed.parts import Sharding
from rlvr_bench.harness.models.scoring import micro_batches
from rlvr_bench.harness.planner.communication.on_paper import passes_of, sent_in_step
from rlvr_bench.harness.training.update import minibatches
from tests.harness.planner.configs import case_of, config_of


def full(prompts: int, group: int, width: int, length: int) -> Rollout:
    """Completions of full length."""
    mask = torch.ones(prompts * group, length, dtype=torch.bool)
    return Rollout(
        prompt_ids=torch.ones(prompts * group, width, dtype=torch.long),
        completion_ids=torch.ones(prompts * group, length, dtype=torch.long),
        prompt_mask=torch.ones(prompts * group, width, dtype=torch.bool),
        response_mask=mask,
        truncated=torch.ones(prompts * group, dtype=torch.bool),
        group_ids=torch.arange(prompts).repeat_interleave(group),
        rewards=torch.zeros(prompts * group),
        counts=BatchCounts.of(mask, length),
    )


@pytest.mark.parametrize(("prompts", "parts", "epochs"), [(8, 2, 1), (6, 3, 2), (3, 1, 1)])
@pytest.mark.parametrize("limit", [1, 64, 200, 10_000])
def test_passes_are_those_of_the_run(prompts: int, parts: int, epochs: int, limit: int) -> None:
    config = config_of(
        rollout={"prompts": prompts, "group_size": 4, "max_tokens": 16, "min_tokens": 16},
        train={"steps": 2, "minibatches": parts, "epochs": epochs, "micro_tokens": limit},
    )
    rollout = full(prompts, 4, 12, 16)
    cut = [rollout.select(rows) for rows in minibatches(rollout.group_ids, parts, torch.Generator())]
    found = passes_of(config, Sharding(1), row_tokens=28, actor_scored=True)
    assert found.optimizer_steps == epochs * len(cut)
    assert found.update == epochs * sum(len(list(micro_batches(part, limit))) for part in cut)
    assert found.score == len(list(micro_batches(rollout, limit)))


def test_more_devices_have_fewer_micro_batches_each() -> None:
    config = config_of(rollout={"prompts": 8, "group_size": 4}, train={"micro_tokens": 28, "minibatches": 2})
    passes = [passes_of(config, Sharding(n, 3), row_tokens=28, actor_scored=True) for n in (1, 2, 3, 8)]
    assert [p.score for p in passes] == [32, 16, 12, 4]
    assert [p.update for p in passes] == [32, 16, 16, 8], "two minibatches of four prompts: 4, 2, 2 and 1 a device"


def sent(algorithm: str, stage: int, devices: int = 2, **sections: Any) -> float:
    case = replace(case_of("tiny:64x3", algorithm, **sections), how=Sharding(devices, stage))
    return sent_in_step(case)


def test_one_device_sends_nothing() -> None:
    assert sent("grpo", 0, devices=1) == 0.0


def test_bytes_by_hand() -> None:
    """Stage 0, one optimizer step: the gradient of each trained model is summed, 2 passes of half of 4 bytes each."""
    actor, critic = (case_of("tiny:64x3", "ppo").plan().states[role].parameters for role in ("actor", "critic"))
    assert sent("grpo", 0) == 4 * actor
    assert sent("ppo", 0) == 4 * (actor + critic)
    assert sent("grpo", 0, model={"dtype": "bfloat16"}) == 2 * actor
    assert sent("grpo", 0, devices=4, rollout={"prompts": 4}) == pytest.approx(1.5 * 4 * actor)


def test_stage_3_is_the_literature_s_six_and_ten() -> None:
    """GRPO with a reference 6 models, PPO with a verifier 10 (its critic is smaller, without an output embedding)."""
    train = {"minibatches": 1, "epochs": 2, "micro_tokens": 10**6}
    more: Any = {"train": train, "model": {"dtype": "bfloat16"}}  # bfloat16: the actor is scored
    models = {role: s.parameters for role, s in case_of("tiny:64x3", "ppo").plan().states.items()}
    actor, critic = models["actor"], models["critic"]
    # Gathered for sampling, scored by actor and reference, and two optimizer steps of three passes each.
    assert sent("grpo", 3, **more) == pytest.approx(2 * (1 + 2 + 6) * actor / 2, rel=1e-3)
    assert sent("ppo", 3, **more) == pytest.approx(2 * ((1 + 2 + 6) * actor + 7 * critic) / 2, rel=1e-3)
