"""A question of the command line, and the cases that it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlvr_bench.harness.planner.plan import Case


@dataclass(frozen=True)
class Question:
    """The options of `rlvr-bench plan`."""

    model: str
    algorithms: tuple[str, ...]
    reward: str
    gpu: str | None
    devices: int
    stage: int
    offload: str
    offload_frozen: bool
    prompts: int
    group: int
    prompt_tokens: int
    max_tokens: int
    micro_tokens: int
    dtype: str
    checkpointing: bool
    adapter: int | None = None
    critic: str = ""


def cases_of(question: Question) -> list[Case]:
    """One for each algorithm.

    Raises:
        ConfigError: settings that no run could have.
        ModelError: there is no such model.
    """
    from rlvr_bench.harness.engines.deepspeed.parts import Sharding
    from rlvr_bench.harness.planner.plan import Case
    from rlvr_bench.harness.planner.shapes import full_name, shape_of

    how = Sharding(question.devices, question.stage, question.offload)
    configs = [config_of(question, name) for name in question.algorithms]
    shape = shape_of(full_name(question.model))
    return [Case(config, shape, question.prompt_tokens, how) for config in configs]


def config_of(question: Question, algorithm: str) -> Any:
    """The run's configuration that a question is about.  Raises ConfigError."""
    from rlvr_bench.harness.config.load import from_dict
    from rlvr_bench.harness.planner.shapes import full_name

    q = question
    return from_dict(
        {
            "task": {"name": "sort"},  # which task does not matter: prompts have the length that is asked about
            "algorithm": {"name": algorithm},
            "model": {
                "name": full_name(q.model),
                "dtype": q.dtype,
                "gradient_checkpointing": q.checkpointing,
                "offload_frozen": q.offload_frozen,
                "critic": full_name(q.critic) if q.critic else "",
                **({} if q.adapter is None else {"adapter": {"rank": q.adapter}}),
            },
            "reward": {"source": q.reward},
            "rollout": {
                "prompts": q.prompts,
                "group_size": q.group,
                "max_prompt_tokens": q.prompt_tokens,
                "max_tokens": q.max_tokens,
            },
            "train": {"micro_tokens": q.micro_tokens},
            "evaluate": {"every": 0},  # an evaluation samples at most as many completions at once as the user lets it
        }
    )
