"""From nested tables to a RunConfig: what is wrong is reported all at once, with its path and the remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.load import from_dict, load_run, resolve
from rlvr_bench.harness.errors import ConfigError
from tests.harness.cli_calls import SUITE
from tests.harness.config.problems import problems
from tests.harness.small_runs import BASE, config


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
        ({"model": {"adapter": {"rank": 0}}}, "model.adapter.rank: input should be greater than or equal to 1, got 0"),
        ({"model": {"adapter": {"alpha": 0.0}}}, "model.adapter.alpha: input should be greater than 0, got 0.0"),
        ({"model": {"adapter": {"alpha": -1.0}}}, "model.adapter.alpha: input should be greater than 0, got -1.0"),
        ({"model": {"adapter": {"ranks": 4}}}, "model.adapter.ranks: unknown key (value 4); did you mean 'rank'?"),
        (
            {"model": {"adapter": {}, "critic": "tiny:16x1"}},
            "model.critic: with model.adapter the critic is an adapter",
        ),
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


def test_from_dict_is_the_inverse_of_to_dict() -> None:
    settings = config(algorithm={"kl_coef": 0}, reward={"components": {"correct": 2}}, evaluate={"k": [1, 2]})
    assert from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_load_run_reads_a_file_and_overrides(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('task.name = "sort"\nalgorithm.name = "ppo"\ntrain.steps = 3\n')
    settings = load_run(path, ["train.steps=4"])
    assert (settings.train.steps, settings.algorithm.name, settings.task.options["min_digits"]) == (4, "ppo", 5)


def test_a_suite_is_not_taken_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SUITE)
    with pytest.raises(ConfigError) as caught:
        load_run(tmp_path / "s.toml")
    (line,) = caught.value.problems
    assert line == f"{tmp_path / 's.toml'}: is a suite, not a run; start it with `rlvr-bench run {tmp_path / 's.toml'}`"
