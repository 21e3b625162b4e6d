"""How a run ends when something goes wrong, and what its record says then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.load import config_hash
from rlvr_bench.harness.records import Summary, read_completions, read_json, read_metrics, write_json
from rlvr_bench.harness.runs.process import LAST, PLAN, main, run_here
from rlvr_bench.harness.training.evaluate import VerifierFailed
from tests.harness.small_runs import config, metrics, run


def cell(folder: Path, *, plan: bool = False, **sections: Any) -> Any:
    """A run as a suite makes it, in this process."""
    settings = config(**sections)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", {"hash": config_hash(settings), "config": settings.to_dict()})
    return run_here(folder, part="p", cell="c", plan=plan)[0]


def test_a_loss_that_is_not_finite_ends_the_run_as_diverged(tmp_path: Path) -> None:
    summary = cell(tmp_path, algorithm={"name": "nan_loss"}, train={"steps": 9})
    assert (summary.status, summary.steps_done) == ("diverged", 5)
    assert "the actor's loss is nan, as in the 3 before it" in summary.reason
    last = read_metrics(tmp_path / "metrics.jsonl")[-1]
    assert last["not_finite"] == ["train/policy_loss"]
    assert last["rollout/reward_mean"] >= 0  # what was sampled in that step is told too
    assert "actor" in summary.roles


def test_any_other_error_is_recorded_as_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = cell(tmp_path, algorithm={"name": "raises"})
    assert (summary.status, summary.reason) == ("failed", "RuntimeError: no advantages today")
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_memory_that_is_not_there_is_recorded_as_oom(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("rlvr_bench.harness.training.loop.base_model", no_memory)
    assert cell(tmp_path).status == "oom"


@pytest.mark.parametrize("train", [{}, {"minibatches": 4}], ids=["whole", "a minibatch a prompt"])
def test_samples_without_a_verdict_are_dropped_and_counted(train: dict[str, int], tmp_path: Path) -> None:
    run(config(task={"missing_every": 4}, reward={"max_masked": 0.25}, train={"steps": 1, **train}), tmp_path)
    (row,) = metrics(tmp_path)
    assert row["rollout/masked_fraction"] == 0.25
    assert row["rollout/outcome/infra"] == 0.25
    assert "not_finite" not in row


def test_too_many_missing_verdicts_end_the_run(tmp_path: Path) -> None:
    with pytest.raises(VerifierFailed, match=r"step 1: 25% .* more than reward.max_masked = 10%"):
        run(config(task={"missing_every": 4}), tmp_path)
    outcomes = [row["outcome"] for row in read_completions(tmp_path / "completions.jsonl.gz")]
    assert (len(outcomes), outcomes.count("infra")) == (16, 4)  # the message points there
    (row,) = metrics(tmp_path)
    assert row["rollout/masked_fraction"] == 0.25


def test_exactly_the_limit_does_not_end_the_run(tmp_path: Path) -> None:
    size = {"prompts": 5, "group_size": 2, "max_tokens": 1}
    run(config(task={"missing_every": 4}, rollout=size, reward={"max_masked": 0.3}, train={"steps": 1}), tmp_path)


def test_an_evaluation_leaves_out_what_has_no_verdict(tmp_path: Path) -> None:
    """A third of the verdicts, all of them on items of their own: those left say what they would have said."""
    settings = config(evaluate={"every": 1, "items": 6, "samples": 1, "k": []}, reward={"max_masked": 0.5})
    run(settings, tmp_path / "whole")
    missing = config(
        task={"missing_every": 3},
        evaluate={"every": 1, "items": 6, "samples": 1, "k": []},
        reward={"max_masked": 0.5},
    )
    run(missing, tmp_path / "missing")
    whole, part = (metrics(tmp_path / name)[0] for name in ("whole", "missing"))
    rows = [r for r in read_completions(tmp_path / "whole" / "completions.jsonl.gz") if r["step"] == 0]
    left = [row["reward"] for i, row in enumerate(rows) if i % 3]
    assert (whole["eval/masked_fraction"], part["eval/masked_fraction"]) == (0.0, pytest.approx(1 / 3))
    assert part["eval/pass@1"] == pytest.approx(sum(left) / len(left))


def test_an_evaluation_without_verdicts_ends_the_run(tmp_path: Path) -> None:
    settings = config(task={"missing_every": 1}, evaluate={"every": 1})
    with pytest.raises(VerifierFailed, match="evaluation at step 0: 100%"):
        run(settings, tmp_path)


def test_what_the_planner_says_is_recorded_beside_what_was_measured(tmp_path: Path) -> None:
    """Only where it is asked for, and only by phases of the run."""
    assert cell(tmp_path / "without").planned == {}
    summary = cell(tmp_path / "with", plan=True)
    assert Summary.from_json(read_json(tmp_path / "with" / "summary.json")).planned == summary.planned
    states = sum(role.weights + role.optimizer for role in summary.roles.values())
    assert {"rollout", "update_actor"} <= summary.planned.keys()
    assert all(size > states for size in summary.planned.values())


def test_a_plan_that_fails_spoils_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no shape")

    monkeypatch.setattr("rlvr_bench.harness.planner.predict.predict", broken)
    summary = cell(tmp_path, plan=True)
    assert (summary.status, summary.planned) == ("completed", {})


def test_words_of_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def seen(folder: Path, **how: Any) -> Any:
        asked.append((how["resume"], how["keep_last"], how["plan"]))
        return Summary("completed", "", "p", "c", 0, "", "", 0.0, 1), 0

    monkeypatch.setattr("rlvr_bench.harness.runs.process.run_here", seen)
    write_json(tmp_path / "config.json", {"config": config().to_dict()})
    for words in (["new"], ["resume", LAST], ["new", PLAN]):
        assert main([str(tmp_path), "p", "c", *words]) == 0
    assert asked == [(False, False, False), (True, True, False), (False, False, True)]
