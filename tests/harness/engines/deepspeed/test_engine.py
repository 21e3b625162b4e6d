"""Real processes with DeepSpeed train as one without: parameters and metrics, at every stage."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr_bench.harness.config.layers import merge
from rlvr_bench.harness.config.load import resolve
from rlvr_bench.harness.config.schema import EngineConfig, RunConfig
from rlvr_bench.harness.engines.deepspeed.engine import settings
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.records import MetricsRow, read_evaluations
from rlvr_bench.harness.training.loop import Trainer
from tests.harness.engines.deepspeed.several import Result, train_in_processes
from tests.harness.engines.test_two_processes import of_all
from tests.harness.small_runs import CPU, config, metrics, run, weights
from tests.tolerance import assert_close

STEPS = 3
STAGES = (0, 1, 2, 3)
UNEVEN = {"rollout": {"prompts": 5}}  # two and three prompts
ALGORITHMS: dict[str, dict[str, Any]] = {
    "ppo": {"algorithm": {"name": "ppo", "kl_coef": 0.1}, "train": {"epochs": 2, "minibatches": 5}},
    "ppo, reward model": {
        "algorithm": {"name": "ppo", "kl_placement": "loss", "kl_estimator": "k3"},
        "reward": {"source": "learned", "label_pairs": 0},
    },
    "grpo, missing verdicts": {
        "algorithm": {"name": "grpo"},
        "task": {"missing_every": 4},
        "reward": {"max_masked": 0.5},
        "train": {"micro_tokens": 40},
    },
    "a loss that is not finite": {"algorithm": {"name": "nan_loss"}, "train": {"max_skipped": 9}},
}


def case(name: str, stage: int, size: int = 2, **more: Any) -> RunConfig:
    base = {
        "train": {"steps": STEPS, "lr": 1e-3, "critic_lr": 1e-3, "engine": {"name": "deepspeed", "stage": stage}},
        "launch": {"processes": size},
    }
    return config(**merge(base, UNEVEN, ALGORITHMS[name], more))


def alone(c: RunConfig) -> RunConfig:
    """The same run in one process, without DeepSpeed."""
    return resolve(merge(c.to_dict(), {"train": {"engine": "torch"}, "launch": {"processes": 1}}))


def trained(c: RunConfig, folder: Path) -> tuple[list[MetricsRow], dict[str, dict[str, torch.Tensor]]]:
    rows = []
    with Recorder(CPU, 1.0) as meter, Trainer(c, folder, meter) as trainer:
        for step in range(1, c.train.steps + 1):
            rows.append(trainer.step(step) | meter.finish_step())
        return rows, {role: weights(trainer, role) for role in trainer.learner.engines}


def assert_equal(c: RunConfig, found: Result, folder: Path) -> None:
    rows, expected = trained(alone(c), folder)
    assert found.weights.keys() == expected.keys()
    for role, tensors in expected.items():
        assert found.weights[role].keys() == tensors.keys()
        for name, tensor in tensors.items():
            assert_close(tensor, found.weights[role][name], as_float32=True)
    for row, other in zip(rows, found.rows, strict=True):
        before, after = of_all(row), of_all(other)
        # At stage 3 prompts are read again with each completion, which the FLOPs that are needed do not count.
        assert after.keys() == before.keys() and "train/policy_loss" in before
        numbers = [name for name in before if math.isfinite(before[name])]
        assert all(math.isnan(after[name]) for name in before if name not in numbers)
        assert_close([before[n] for n in numbers], torch.tensor([after[n] for n in numbers]), as_float32=True)


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_two_processes_equal_one(stage: int, tmp_path: Path) -> None:
    cases = {name: case(name, stage) for name in ALGORITHMS}
    found = train_in_processes(cases, 2, tmp_path)
    for name, c in cases.items():
        assert_equal(c, found[name], tmp_path)
        gathers = ["cost/seconds/gather" in row for row in found[name].rows]
        assert gathers == [stage == 3] * STEPS


@pytest.mark.slow
def test_so_do_three_and_evaluations_are_of_all_items(tmp_path: Path) -> None:
    c = case("ppo", 2, 3, evaluate={"every": 3, "items": 7, "samples": 2, "k": [2]})
    train_in_processes({"three": c}, 3, tmp_path)
    run(alone(c), tmp_path / "one")
    one, three = (read_evaluations(tmp_path / name / "evaluations.jsonl.gz") for name in ("one", "three"))
    assert one == three
    for row, other in zip(metrics(tmp_path / "one"), metrics(tmp_path / "three"), strict=True):
        shown = {name: value for name, value in row.items() if value is not None}
        assert {name: other[name] for name in shown} == pytest.approx(shown, rel=1e-4, abs=1e-5)


@pytest.mark.slow
def test_weights_gradients_and_states_are_dealt_out(tmp_path: Path) -> None:
    """Bytes in one of two processes, float32: 4 a number of weights, of gradients and of masters, 8 of moments."""
    cases = {str(stage): case("ppo", stage, train={"steps": 1}) for stage in STAGES}
    found = train_in_processes(cases, 2, tmp_path)
    states = {name: result.facts["states"]["actor"] for name, result in found.items()}
    numbers = states["0"]["parameters"]
    assert {s["parameters"] for s in states.values()} == {numbers}
    near = {"rel": 0.01}
    assert [states[s]["weights"] / numbers for s in "0123"] == pytest.approx([4, 4, 4, 2], **near)
    assert [states[s]["gradients"] / numbers for s in "03"] == pytest.approx([4, 2], **near)
    assert states["2"]["gradients"] <= states["1"]["gradients"] < 4 * numbers
    # Stage 3 trains the shards of float32 weights themselves; stages 1 and 2 a copy of their share.
    assert [states[s]["optimizer"] / numbers for s in "0123"] == pytest.approx([8, 6, 6, 4], **near)
    reference = [found[s].facts["states"]["reference"]["weights"] / numbers for s in "0123"]
    assert reference == pytest.approx([4, 4, 4, 2], **near)


def test_small_models_are_dealt_out_as_large_ones_are() -> None:
    """DeepSpeed keeps whole what has under 100,000 numbers, or is used again within a billion; not here."""
    zero = settings(EngineConfig("deepspeed", 3, "all"), numbers=1000, bfloat16=True)["zero_optimization"]
    kept = ("stage3_param_persistence_threshold", "stage3_max_reuse_distance", "stage3_prefetch_bucket_size")
    assert [zero[name] for name in kept] == [0, 0, 0]
    assert zero["reduce_bucket_size"] == 1000
    assert zero["offload_optimizer"] == zero["offload_param"] == {"device": "cpu"}


@cache
def types_of(stage: int) -> Any:
    return settings(EngineConfig("deepspeed", stage), numbers=10, bfloat16=True)  # type: ignore[arg-type]


def test_bfloat16_is_deepspeeds_own_but_for_stage_0() -> None:
    assert "bf16" not in types_of(0) and types_of(0)["communication_data_type"] == "bf16"
    assert all(types_of(stage)["bf16"]["check_grad_overflow"] for stage in (1, 2, 3))
