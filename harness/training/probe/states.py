"""States of completions, and what the policy earns when it goes on from them.  No critic is asked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.rollout.text import decode_completions, encode_prompts
from rlvr_bench.harness.rollout.types import RolloutEngine, Samples, SamplingParams
from rlvr_bench.harness.seeding import derive_seed
from rlvr_bench.harness.tasks.types import Item
from rlvr_bench.harness.training.grader import Grader

State = tuple[int, int]  # row of the completion, tokens of it that are there already


@dataclass(frozen=True)
class Earned:
    """The rewards of a state's continuations, those without a verdict left out."""

    mean: float
    standard_error: float
    """Of the mean; 0 where all continuations earned the same."""
    count: int

    @classmethod
    def of(cls, rewards: Sequence[float]) -> Earned:
        """Raises ValueError for fewer than two rewards."""
        if len(rewards) < 2:
            raise ValueError(f"a standard error needs two rewards at least, got {len(rewards)}")
        values = torch.tensor(rewards, dtype=torch.float64)
        return cls(float(values.mean()), float(values.std() / len(values) ** 0.5), len(values))


def positions(length: int, states: int) -> list[int]:
    """Places of that many states in a completion of so many tokens, as evenly as they can be; the first is 0.

    A state is named by the tokens before it, so the last is before the last token; fewer where there are fewer tokens.
    """
    return sorted({place * length // states for place in range(states)})


def go_on(
    states: Sequence[State],
    samples: Samples,
    items: Sequence[Item],
    sampler: RolloutEngine,
    tokenizer: Any,
    grader: Grader,
    config: RunConfig,
    seed: int,
) -> Mapping[State, Earned]:
    """Continue each state `measure.critic_continuations` times as the policy would have, within the same length limit.

    The states of one position are continued together; their draws depend on the seed and on the position.

    Args:
        samples: one completion an item.
    Returns:
        by state; those with fewer than two verdicts are left out.
    """
    r, count = config.rollout, config.measure.critic_continuations
    prompts = encode_prompts(tokenizer, [item.prompt for item in items], config)
    found: dict[State, Earned] = {}
    for position in sorted({position for _, position in states}):
        rows = [row for row, place in states if place == position]
        begun = samples.completion_ids[rows, :position]
        params = SamplingParams(count, r.max_tokens - position, max(0, r.min_tokens - position), r.temperature)
        heads = [[*prompts[row], *written] for row, written in zip(rows, begun.tolist(), strict=True)]
        rest = sampler.generate(heads, params, derive_seed(seed, "continuations", position))
        texts = decode_completions(tokenizer, _behind(begun.repeat_interleave(count, dim=0), rest))
        rewards = grader(texts, [items[row].target for row in rows for _ in range(count)]).rewards
        for place, row in enumerate(rows):
            mine = [value for value in rewards[place * count : (place + 1) * count] if value is not None]
            if len(mine) > 1:
                found[row, position] = Earned.of(mine)
    return found


def _behind(begun: Tensor, rest: Samples) -> Samples:
    """Whole completions: what was there, (B, position), and what came."""
    there = torch.ones_like(begun, dtype=torch.bool)
    return replace(
        rest,
        completion_ids=torch.cat([begun, rest.completion_ids], dim=1),
        response_mask=torch.cat([there, rest.response_mask], dim=1),
    )
