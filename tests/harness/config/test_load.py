"""From TOML to a RunConfig: what is wrong is told all at once, with its path and the remedy."""

from __future__ import annotations

from typing import Any

import pytest

from rlvr_bench.harness.config.load import ConfigError, resolve
from tests.harness.small_runs import BASE, config


def problems(**sections: Any) -> list[str]:
    """What is wrong with the smallest run when these sections are merged in."""
    with pytest.raises(ConfigError) as caught:
        config(**sections)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        ({"train": {"stepz": 3}}, "train.stepz: unknown key (value 3); did you mean 'steps'?"),
        ({"trian": {"lr": 1.0}}, "trian: unknown key (value {'lr': 1.0}); did you mean 'train'?"),
        ({"algorithm": {"kl_coeff": 0.1}}, "algorithm.kl_coeff: unknown key (value 0.1); did you mean 'kl_coef'?"),
        ({"algorithm": {"name": "grpoo"}}, "algorithm.name: rlvr_bench.algorithms: no plugin 'grpoo'; did you mean"),
        ({"train": {"steps": "many"}}, "train.steps: input should be a valid integer, got 'many'"),
        ({"train": {"steps": True}}, "train.steps: input should be a valid integer, got True"),
        ({"train": {"steps": 2.5}}, "train.steps: input should be a valid integer, got 2.5"),
        ({"train": {"steps": 0}}, "train.steps: input should be greater than or equal to 1, got 0"),
        ({"train": {"lr": 0.0}}, "train.lr: input should be greater than 0, got 0.0"),
        ({"train": {"lr": float("nan")}}, "train.lr: input should be a finite number, got"),
        ({"train": 3}, "train: input should be"),
        ({"model": {"dtype": "float16"}}, "model.dtype: input should be 'float32' or 'bfloat16', got 'float16'"),
        ({"reward": {"components": {"correct": float("nan")}}}, "reward.components.correct: must be finite, got nan"),
        ({"algorithm": {"clip_high": float("inf")}}, "algorithm.clip_high: must be finite, got inf"),
        ({"algorithm": {"clip_low": 2.0}}, "algorithm.clip_low must lie in (0, 1], got 2.0"),
        ({"algorithm": {"kl_coef": "much"}}, "algorithm.kl_coef: input should be a valid number, got 'much'"),
        ({"task": {"missing_every": 0.5}}, "task.missing_every: input should be a valid integer, got 0.5"),
    ],
)
def test_one_mistake_is_one_line(sections: dict[str, Any], line: str) -> None:
    (found,) = problems(**sections)
    assert found.startswith(line)


def test_all_mistakes_come_at_once() -> None:
    found = problems(
        task={"name": "nosuch"}, algorithm={"clip_low": 2.0, "epz": 1}, train={"steps": 0, "lrr": 1}, model={"dtype": 1}
    )
    starts = ("task.name", "algorithm.epz", "algorithm.clip_low", "model.dtype", "train.steps", "train.lrr")
    assert sorted(starts) == sorted(line.replace(" ", ":").partition(":")[0] for line in found)


@pytest.mark.parametrize("section", ["task", "algorithm"])
def test_a_plugin_must_be_named(section: str) -> None:
    with pytest.raises(ConfigError, match=rf"{section}.name: missing \(installed: .*"):
        resolve({**BASE, section: {}})


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        ({"train": {"minibatches": 3}}, "train.minibatches: 3 does not divide rollout.prompts = 4"),
        ({"algorithm": {"name": "raises"}, "rollout": {"group_size": 1}}, "rollout.group_size: raises compares"),
        ({"rollout": {"min_tokens": 4}}, "rollout.min_tokens: 4 exceeds rollout.max_tokens = 3"),
        ({"evaluate": {"k": [2, 3]}}, "evaluate.k: [2, 3] exceeds evaluate.samples = 2; raise samples"),
        ({"train": {"lr_warmup_steps": 3}}, "train.lr_warmup_steps: 3 exceeds train.steps = 2"),
        ({"train": {"critic_warmup_steps": 2}}, "train.critic_warmup_steps: 2 leaves no step of train.steps = 2"),
        ({"task": {"name": "jsonl", "path": "x"}, "warm_start": {"steps": 1}}, "warm_start.steps: the task jsonl has"),
        ({"reward": {"components": {}}}, None),
        # 16 of 20 prompts are trained on, 4 x 4 pairs of 8 completions each: 256
        ({"reward": {"source": "learned", "label_pairs": 257}}, "reward.label_pairs: 257 asked for"),
    ],
)
def test_impossible_combinations(sections: dict[str, Any], line: str | None) -> None:
    if line is None:  # an empty table merges into the default; only a whole configuration can be empty there
        data = config().to_dict()
        data["reward"]["components"] = {}
        with pytest.raises(ConfigError, match=r"reward\.components: empty"):
            resolve(data)
        return
    (found,) = problems(**sections)
    assert found.startswith(line)


def test_impossible_combinations_come_at_once() -> None:
    assert len(problems(train={"minibatches": 3, "critic_warmup_steps": 9}, rollout={"min_tokens": 9})) == 3
