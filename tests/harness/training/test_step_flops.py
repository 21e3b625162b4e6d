"""FLOPs that a step records, against a count by hand for a small model and a rollout that is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr_bench.algorithms.types import Role, Rollout
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.models.roles import Models, ScalarModel, build_models
from rlvr_bench.harness.models.scoring import Positions, score_rollout
from rlvr_bench.harness.records import Phase, read_metrics
from rlvr_bench.harness.training.step_flops import PhaseFlops, Tokens, step_flops
from tests.harness.small_runs import CPU, config, run

# tiny:16x1 with 103 tokens.  Queries, keys, values and output 4 x 16 x 16, biases 3 x 16, feed-forward 3 x 16 x 64,
# three norms of 16; the table of embeddings is tied to the head.
BODY = 4 * 16 * 16 + 3 * 16 + 3 * 16 * 64 + 3 * 16
HEAD = 103 * 16
CRITIC = BODY + 16 + 1
WIDTH, LAYERS = 16, 1
# The ragged rollout: six completions of 15 tokens behind prompts of 3, 3, 1, 5, 5, 5, which are 9 if each is read once.
# Of the completions 15 - 6 = 9 tokens are read: only the reward model needs the state after the last one.
PROMPT, COMPLETION, ROWS = 9, 15, 6
CONTEXT = (22 + 15 / 2) / 6


def forward(
    body: int,
    *,
    head: int,
    prompt: int = PROMPT,
    completion: int = COMPLETION,
    unread: int = ROWS,
    context: float = CONTEXT,
) -> float:
    """2 FLOPs a parameter and token read, 4 L d c for its attention, 2 V h for each completion token's logits."""
    return (prompt + completion - unread) * (2 * body + 4 * LAYERS * WIDTH * context) + completion * 2 * head


@pytest.fixture
def models() -> Models:
    settings = config()
    base, tokenizer = load_base(settings.model, seed=0)
    roles: frozenset[Role] = frozenset({"actor", "critic", "reference"})
    return build_models(base, tokenizer, roles, settings, device=CPU, reward_model=ScalarModel.from_causal_lm(base))


def test_sizes_of_a_rollout(rollout: Rollout) -> None:
    assert Tokens.of(rollout) == Tokens(ROWS, PROMPT, COMPLETION, CONTEXT)
    assert {role: tuple(Tokens.of(rollout).read_by(role)) for role in ("actor", "critic", "reference", "reward")} == {
        "actor": (9, 9),
        "critic": (9, 9),
        "reference": (9, 9),
        "reward": (9, 15),
    }
    even = rollout.select(torch.tensor([3, 4, 5]))
    assert Tokens.of(even) == Tokens(rows=3, prompt=5, completion=8, context=(15 + 4) / 3)


def test_no_completion_is_nothing(rollout: Rollout) -> None:
    assert Tokens.of(rollout.select(torch.arange(0))) == Tokens(0, 0, 0, 0.0)


def test_each_phase_by_hand(models: Models, rollout: Rollout) -> None:
    size = Tokens.of(rollout)
    some = replace(size, rows=3, prompt=5, completion=8, context=4.0)  # what has a verdict
    passes: dict[Phase, dict[Role, float]] = {
        "rollout": {"actor": 1},
        "score": {"reference": 1, "critic": 1, "actor": 1},
        "reward": {"reward": 1},
        "update_actor": {"actor": 2},
        "update_critic": {"critic": 2},
    }
    once, twice = Positions(9, 9), Positions(2 * 5, 2 * (8 - 3))
    reads: dict[Phase, dict[Role, Positions]] = {
        "rollout": {"actor": Positions(9, 2 * 9)},  # some were read on after their end
        "score": {"reference": once, "critic": Positions(9, 3), "actor": Positions(27, 9)},
        "reward": {"reward": Positions(5, 8)},
        "update_actor": {"actor": twice, "critic": twice},
        "update_critic": {"critic": Positions(10, 5), "actor": twice},
    }
    found = step_flops(models, size, some, passes, reads)
    actor, critic = forward(BODY, head=HEAD), forward(CRITIC, head=0)
    of_some = {"prompt": 5, "completion": 8, "context": 4.0}
    update_actor = 3 * 2 * forward(BODY, head=HEAD, unread=3, **of_some)
    update_critic = 3 * 2 * forward(CRITIC, head=0, unread=3, **of_some)
    expected = {
        "rollout": (actor, actor),
        "score": (2 * actor + critic, 2 * actor + critic * 12 / 18),
        "reward": (forward(CRITIC, head=0, unread=0, **of_some),) * 2,
        "update_actor": (update_actor, update_actor),
        "update_critic": (update_critic, update_critic * 15 / 20),
    }
    assert set(found) == set(expected)
    for phase, (needed, done) in expected.items():
        assert found[phase] == PhaseFlops(pytest.approx(needed), pytest.approx(done)), phase  # type: ignore[arg-type]


def test_nothing_expected_is_nothing_done(models: Models, rollout: Rollout) -> None:
    nothing = Tokens.of(rollout.select(torch.arange(0)))
    found = step_flops(models, nothing, nothing, {"update_actor": {"actor": 1}}, {"update_actor": {}})
    assert found == {"update_actor": PhaseFlops(0.0, 0.0)}


def test_what_was_read_less_often_was_done_less(models: Models, rollout: Rollout) -> None:
    """Two completions of the first prompt are equal, of 4 tokens: 3 positions less of 9 + 18 - 6."""
    equal = replace(
        rollout,
        completion_ids=rollout.completion_ids[[0, 0, 2, 3, 4, 5]],
        response_mask=rollout.response_mask[[0, 0, 2, 3, 4, 5]],
    )
    size = Tokens.of(equal)
    assert size.completion == 18
    score_rollout(lambda part: models.by_role["reference"](part, temperature=1.0)[0], equal, 10_000)
    reads = models.take_reads()
    assert reads["reference"] == Positions(9, 18 - 6 - 3)
    found = step_flops(models, size, size, {"score": {"reference": 1}}, {"score": reads})["score"]
    assert found.done / found.needed == pytest.approx(18 / 21)


@pytest.mark.parametrize("setting", [{"train": {"micro_tokens": 8}}, {"model": {"gradient_checkpointing": True}}])
def test_what_is_read_again_is_not_done_more(setting: dict[str, Any], tmp_path: Path) -> None:
    """Micro-batches of a row and recomputation read a prompt for each completion; no model FLOPs come of it."""
    run(config(**setting, compute={"share": False}), tmp_path)
    for row in read_metrics(tmp_path / "metrics.jsonl"):
        assert row["cost/flops_done"] == pytest.approx(row["cost/flops"], rel=1e-12)


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("algorithm", ["grpo", "ppo"])
def test_a_run_records_the_count(algorithm: str, share: bool, tmp_path: Path) -> None:
    """Completions of exactly 3 tokens behind prompts of even length, so that all sizes are known beforehand.

    4 prompts, 4 completions each, one optimizer step: 16 x 3 tokens.  PPO's old log-probabilities come from sampling.
    """
    settings: dict[str, Any] = {
        "task": {"distinct": 1},  # `even 0:`, 7 characters
        "algorithm": {"name": algorithm},
        "rollout": {"min_tokens": 3},
        "train": {"steps": 1, "epochs": 2},
        "compute": {"share": share},
    }
    run(config(**settings), tmp_path)
    (row,) = read_metrics(tmp_path / "metrics.jsonl")
    sizes = {"prompt": 4 * 7, "completion": 48, "unread": 16, "context": 7 + 1.5}  # 28 + 48 - 16 = 60 positions
    actor, critic = forward(BODY, head=HEAD, **sizes), forward(CRITIC, head=0, **sizes)
    expected = {"rollout": actor, "score": actor, "update_actor": 6 * actor}
    if algorithm == "ppo":
        expected |= {"score": actor + critic, "update_critic": 6 * critic}
    for phase, flops in expected.items():
        assert row[f"cost/flops/{phase}"] == pytest.approx(flops), phase
    assert row["cost/flops"] == pytest.approx(sum(expected.values()))
    # Without sharing every pass does all that it needs.
    if share:
        assert row["cost/flops_done"] <= row["cost/flops"]
    else:
        assert row["cost/flops_done"] == pytest.approx(row["cost/flops"], rel=1e-12)
