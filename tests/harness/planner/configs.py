"""Configurations and models without data for the planner's tests."""

from __future__ import annotations

from typing import Any

from rlvr_bench.harness.config.load import from_dict
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.planner.plan import Case
from rlvr_bench.harness.planner.shapes import shape_of


def config_of(name: str = "tiny:64x2", algorithm: str = "ppo", **sections: dict[str, Any]) -> RunConfig:
    """Two prompts of four completions of 16 tokens, on a CPU, unless sections say otherwise."""
    settings: dict[str, Any] = {
        "task": {"name": "sort"},
        "algorithm": {"name": algorithm},
        "model": {"name": name, "device": "cpu"},
        "rollout": {"prompts": 2, "group_size": 4, "max_tokens": 16, "min_tokens": 16},
        "train": {"steps": 2, "micro_tokens": 1024},
        "evaluate": {"every": 0},
        "reward": {"label_pairs": 0},
        "compute": {"threads": 1, "share": False},
    }
    for section, values in sections.items():
        settings[section] = settings.get(section, {}) | values
    return from_dict(settings)


def case_of(name: str = "tiny:64x2", algorithm: str = "ppo", **sections: dict[str, Any]) -> Case:
    """Of such a configuration, with prompts of 16 tokens, on a GPU."""
    return Case(config_of(name, algorithm, **sections), shape_of(name), 16)
