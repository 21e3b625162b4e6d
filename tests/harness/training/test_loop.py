"""The loop: independent of how batches are split and what is shared, reproducible, and closed whatever happens."""

from __future__ import annotations

import gzip
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.metrics import find_metric
from rlvr_bench.harness.models.base import ModelError
from rlvr_bench.harness.records import read_evaluations, read_metrics
from rlvr_bench.harness.rollout.torch_engine import TorchRollout
from rlvr_bench.harness.state import checkpoint
from rlvr_bench.harness.training import loop
from rlvr_bench.harness.training.evaluate import VerifierFailed
from rlvr_bench.harness.training.loop import Trainer
from rlvr_bench.harness.training.update import Diverged
from tests.harness.small_runs import CPU, ParityVerifier, config, metrics, run, same, weights
from tests.tolerance import assert_close

PPO = {"name": "ppo"}
LEARNED = {"source": "learned"}


def completions(folder: Path) -> list[dict[str, Any]]:
    with gzip.open(folder / "completions.jsonl.gz", "rt") as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_micro_batches_do_not_change_the_step(algorithm: str, tmp_path: Path) -> None:
    # 20 tokens are about one row at a time; two minibatches, so that their counts are used as well.
    trained = [
        weights(run(config(algorithm={"name": algorithm}, train={"steps": 1, "minibatches": 2, **micro}), tmp_path / n))
        for n, micro in (("whole", {}), ("split", {"micro_tokens": 20}))
    ]
    for name, whole in trained[0].items():
        assert_close(whole, trained[1][name], as_float32=True)
    # Adam does not see the scale of its first gradient, so the norm and the losses have to be looked at as well.
    (one,), (other,) = (metrics(tmp_path / n) for n in ("whole", "split"))
    names = [name for name, value in one.items() if name.startswith("train/") and value is not None]
    assert "train/grad_norm" in names
    assert_close([one[n] for n in names], torch.tensor([other[n] for n in names]), as_float32=True)


@pytest.mark.parametrize(
    "settings",
    [
        {"algorithm": PPO, "train": {"steps": 3, "epochs": 2, "minibatches": 2}},
        {"algorithm": PPO, "reward": LEARNED, "train": {"steps": 3}},
        {"algorithm": {"name": "grpo"}, "train": {"steps": 3, "micro_tokens": 40}},
        {"algorithm": {"name": "grpo"}, "rollout": {"temperature": 0.3}, "train": {"steps": 3, "minibatches": 2}},
    ],
    ids=["ppo", "ppo-learned", "grpo", "grpo-peaked"],
)
def test_sharing_changes_no_completion_and_no_number(settings: dict[str, Any], tmp_path: Path) -> None:
    settings = {**settings, "warm_start": {"steps": 30, "batch": 8, "lr": 2e-2}, "evaluate": {"every": 2}}
    for name, share in (("shared", True), ("each", False)):
        run(config(**settings, compute={"share": share}, measure={"sample_completions": 99}), tmp_path / name)
    shared, each = (completions(tmp_path / name) for name in ("shared", "each"))
    assert [row["completion"] for row in shared] == [row["completion"] for row in each]
    assert len({row["completion"] for row in shared}) < len(shared), "some should be equal"
    for one, other in zip(metrics(tmp_path / "shared"), metrics(tmp_path / "each"), strict=True):
        assert one == pytest.approx(other, rel=1e-4, abs=1e-5)
    rows = [read_metrics(tmp_path / name / "metrics.jsonl")[1:] for name in ("shared", "each")]
    for one, other in zip(*rows, strict=True):
        assert one["cost/flops"] == pytest.approx(other["cost/flops"])
        assert one["cost/flops_done"] < other["cost/flops_done"]


@pytest.mark.parametrize(
    "settings",
    [{}, {"algorithm": PPO, "reward": LEARNED, "train": {"epochs": 2, "minibatches": 2}}],
    ids=["grpo", "ppo-learned"],
)
def test_a_run_twice_is_bitwise_equal(settings: dict[str, Any], tmp_path: Path) -> None:
    one, two, other = (
        run(config(**settings, seed=seed), tmp_path / n) for n, seed in (("one", 1), ("two", 1), ("c", 2))
    )
    assert metrics(tmp_path / "one") == metrics(tmp_path / "two") != metrics(tmp_path / "c")
    assert same(weights(one), weights(two))
    assert not same(weights(one), weights(other))


@pytest.mark.usefixtures("empty_cache")
def test_a_run_is_the_same_with_a_cold_and_a_warm_cache(tmp_path: Path) -> None:
    """What warm start and reward model leave behind in a process (gradients, modes) must not matter."""
    settings = config(algorithm=PPO, reward=LEARNED, warm_start={"steps": 2, "batch": 4})
    cold, warm = (run(settings, tmp_path / name) for name in ("cold", "warm"))
    assert metrics(tmp_path / "cold") == metrics(tmp_path / "warm")
    assert same(weights(cold), weights(warm))
    assert cold.learner.states() == warm.learner.states()
    assert cold.learner.states()["reward"].gradients == 0


@pytest.mark.parametrize("settings", [{}, {"algorithm": PPO, "reward": {"source": "both"}}], ids=["grpo", "ppo"])
def test_every_recorded_name_is_in_the_table(settings: dict[str, Any], tmp_path: Path) -> None:
    run(config(**settings, evaluate={"every": 1}, train={"steps": 1, "checkpoint_every": 1}), tmp_path)
    rows = read_metrics(tmp_path / "metrics.jsonl")
    assert [row["step"] for row in rows] == [0, 1]
    assert [name for row in rows for name in row if name != "step" and find_metric(name) is None] == []


@pytest.mark.parametrize(("every", "steps", "expected"), [(2, 5, [0, 2, 4, 5]), (2, 4, [0, 2, 4]), (0, 3, [])])
def test_when_it_evaluates(every: int, steps: int, expected: list[int], tmp_path: Path) -> None:
    run(config(evaluate={"every": every}, train={"steps": steps}), tmp_path)
    assert [row["step"] for row in metrics(tmp_path) if "eval/pass@1" in row] == expected


def test_the_metrics_of_an_evaluation_can_be_computed_again_from_its_counts(tmp_path: Path) -> None:
    """pass@k: the share of the sets of k samples that hold a right one, every set looked at."""
    wanted: dict[str, Any] = {"every": 1, "items": 5, "final_items": 9, "samples": 4, "k": [2, 4]}
    run(config(evaluate=wanted, train={"steps": 3}, task={"missing_every": 11}, reward={"max_masked": 0.3}), tmp_path)
    with gzip.open(tmp_path / "evaluations.jsonl.gz", "rt") as file:
        evaluations = [json.loads(line) for line in file]
    rows = metrics(tmp_path)
    assert [row["step"] for row in rows] == [one["step"] for one in evaluations] == [0, 1, 2, 3]
    assert [len(one["right"]) for one in evaluations] == [9, 5, 5, 9]
    for row, one in zip(rows, evaluations, strict=True):
        right, greedy = ([n for n in one[name] if n is not None] for name in ("right", "greedy"))
        assert len(right) < len(one["right"]) == row["eval/items"]  # some verdicts are missing
        assert row["eval/pass@1"] == pytest.approx(sum(right) / len(right) / one["samples"])
        assert row["eval/greedy"] == pytest.approx(sum(greedy) / len(greedy))
        for k in wanted["k"]:
            sets = [any(s) for n in right for s in combinations([True] * n + [False] * (4 - n), k)]
            assert row[f"eval/pass@{k}"] == pytest.approx(sum(sets) / len(sets))
    assert any(0 < row["eval/pass@1"] < row["eval/pass@4"] for row in rows)


def test_more_final_items_change_nothing_between(tmp_path: Path) -> None:
    """And those that both evaluate are right as often: places of prompts decide what is sampled."""
    for name, final in (("few", 0), ("many", 8)):
        run(config(evaluate={"every": 1, "final_items": final}, train={"steps": 3}), tmp_path / name)
    few, many = (read_evaluations(tmp_path / name / "evaluations.jsonl.gz") for name in ("few", "many"))
    assert [one.right for one in few] == [one.right[:4] for one in many]
    assert [len(one.right) for one in many] == [8, 4, 4, 8]
    assert metrics(tmp_path / "few")[1:3] == metrics(tmp_path / "many")[1:3]


def test_the_base_model_is_evaluated_as_it_is(tmp_path: Path) -> None:
    """The same at step 0 whatever is trained."""
    for name, settings in (("a", {"algorithm": PPO}), ("b", {"train": {"lr": 0.5}})):
        run(config(**settings, evaluate={"every": 1}), tmp_path / name)
    one, other = (metrics(tmp_path / name)[0] for name in ("a", "b"))
    assert one == other and "train/lr" not in one


def test_completions_are_kept_of_the_first_and_the_last_step(tmp_path: Path) -> None:
    """Four of 16, spread evenly: one of each prompt."""
    run(config(train={"steps": 3}, measure={"sample_completions": 4}), tmp_path)
    rows = completions(tmp_path)
    assert [row["step"] for row in rows] == [1] * 4 + [3] * 4
    assert len({row["item"] for row in rows}) == 8


def test_the_sampler_follows_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, torch.Tensor]] = []
    monkeypatch.setattr(TorchRollout, "sync", lambda self, weights: given.append(dict(weights)))
    trainer = run(config(train={"steps": 2}), tmp_path)
    assert len(given) == 2
    assert all(torch.equal(given[-1][name], weight) for name, weight in weights(trainer).items())


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What has been closed."""
    found: list[str] = []
    monkeypatch.setattr(ParityVerifier, "close", lambda self: found.append("verifier"))
    monkeypatch.setattr(TorchRollout, "close", lambda self: found.append("sampler"))
    return found


def test_all_is_closed_at_the_end(closed: list[str], tmp_path: Path) -> None:
    run(config(), tmp_path)
    assert closed == ["sampler", "verifier"]


def test_a_sampler_that_cannot_close_does_not_keep_the_verifiers_open(
    closed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Any) -> None:
        raise LookupError

    monkeypatch.setattr(TorchRollout, "close", fails)
    with pytest.raises(LookupError):
        run(config(), tmp_path)
    assert closed == ["verifier"]


@pytest.mark.parametrize("part", ["base_model", "build_models", "rollout_engine", "Collector"])
def test_the_verifiers_are_closed_when_building_fails(
    part: str, closed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise LookupError(part)

    monkeypatch.setattr(loop, part, fails)
    with Recorder(CPU) as meter, pytest.raises(LookupError, match=part):
        Trainer(config(), tmp_path, meter)
    assert "verifier" in closed


def test_lengths_that_the_model_cannot_hold_are_told_before_training(closed: list[str], tmp_path: Path) -> None:
    with Recorder(CPU) as meter, pytest.raises(ModelError, match="reach 5003 tokens, the model holds 4096"):
        Trainer(config(rollout={"max_prompt_tokens": 5000}), tmp_path, meter)
    assert closed == ["verifier"]


def test_all_is_closed_when_resuming_fails(closed: list[str], tmp_path: Path) -> None:
    with (
        pytest.raises(checkpoint.CheckpointError),
        Recorder(CPU) as meter,
        Trainer(config(), tmp_path, meter),
    ):
        checkpoint.required(tmp_path)
    assert closed == ["sampler", "verifier"]


@pytest.mark.parametrize(
    ("settings", "error", "steps"),
    [
        ({"algorithm": {"name": "raises"}}, RuntimeError, []),
        ({"algorithm": {"name": "nan_loss"}, "train": {"max_skipped": 0}}, Diverged, [1, 2]),
        ({"task": {"missing_every": 2}}, VerifierFailed, [1]),
    ],
    ids=str,
)
def test_all_is_closed_when_a_run_raises_and_the_last_step_is_on_record(
    settings: dict[str, Any], error: type[Exception], steps: list[int], closed: list[str], tmp_path: Path
) -> None:
    with pytest.raises(error):
        run(config(**settings), tmp_path)
    assert closed == ["sampler", "verifier"]
    path = tmp_path / "metrics.jsonl"
    assert ([row["step"] for row in read_metrics(path)] if path.exists() else []) == steps


def test_an_evaluation_that_fails_leaves_the_row_of_its_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluate = loop.evaluate

    def second_fails(*args: Any, step: int, **others: Any) -> Any:
        if step:
            raise VerifierFailed(f"at step {step}")
        return evaluate(*args, step=step, **others)

    monkeypatch.setattr(loop, "evaluate", second_fails)
    with pytest.raises(VerifierFailed, match="at step 1"):
        run(config(evaluate={"every": 1}), tmp_path)
    assert [row["step"] for row in metrics(tmp_path)] == [0, 1]
    assert "train/policy_loss" in metrics(tmp_path)[1]
