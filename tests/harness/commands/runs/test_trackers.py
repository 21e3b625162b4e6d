"""Metrics reach TensorBoard and W&B with their steps; stand-ins take the place of packages that are not installed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from rlvr_bench.harness.commands.runs import trackers
from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.records import RunLogs


@pytest.fixture
def run(tmp_path: Path) -> Path:
    logs = RunLogs(tmp_path)
    logs.step(0, {"eval/pass@1": 0.25})
    logs.step(1, {"train/loss": float("nan"), "rollout/reward_mean": 0.5, "cost/joules": None})
    return tmp_path


def test_what_is_null_has_no_point(run: Path) -> None:
    assert list(trackers.numbers(run)) == [(0, {"eval/pass@1": 0.25}), (1, {"rollout/reward_mean": 0.5})]


class Writer:
    """Of TensorBoard's kind."""

    def __init__(self, folder: str) -> None:
        self.folder, self.points = folder, []
        WRITERS.append(self)

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.points.append("closed")

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.points.append((name, value, step))


WRITERS: list[Writer] = []


def test_tensorboard_gets_every_point(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    trackers.to_tensorboard(run, run / "tb")
    writer = WRITERS.pop()
    assert writer.folder == str(run / "tb")
    assert writer.points == [("eval/pass@1", 0.25, 0), ("rollout/reward_mean", 0.5, 1), "closed"]


def test_real_event_files_are_read_back(run: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra `tensorboard` is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trackers.to_tensorboard(run, run / "tb")
    events = EventAccumulator(str(run / "tb"))
    events.Reload()
    assert [(one.step, one.value) for one in events.Scalars("rollout/reward_mean")] == [(1, 0.5)]


def test_wandb_gets_every_line_offline(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def init(**options: Any) -> Any:
        seen.append(options)
        return SimpleNamespace(log=lambda row, step: seen.append((row, step)), finish=lambda: seen.append("finished"))

    module = ModuleType("wandb")
    module.init = init  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wandb", module)
    trackers.to_wandb(run, run / "wandb", {"seed": 1})
    options, *rest = seen
    assert options["mode"] == "offline"
    assert (options["dir"], options["config"], options["name"]) == (str(run / "wandb"), {"seed": 1}, run.name)
    assert rest == [({"eval/pass@1": 0.25}, 0), ({"rollout/reward_mean": 0.5}, 1), "finished"]


@pytest.mark.parametrize(("package", "module"), [("tensorboard", "torch.utils.tensorboard"), ("wandb", "wandb")])
def test_a_package_that_is_missing_is_named_with_how_to_get_it(
    package: str, module: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    write: dict[str, Any] = {
        "tensorboard": lambda: trackers.to_tensorboard(run, run / "x"),
        "wandb": lambda: trackers.to_wandb(run, run / "x", {}),
    }
    with pytest.raises(UserError, match=rf"pip install 'rlvr-bench\[{package}\]'"):
        write[package]()
    assert not (run / "x").exists()
