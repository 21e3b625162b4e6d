"""Checkpoints: whole or not at all, verified, of what the run depends on now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from rlvr_bench.algorithms.types import Role
from rlvr_bench.harness.engines.torch_engine import TorchEngine
from rlvr_bench.harness.engines.types import TrainEngine
from rlvr_bench.harness.records import write_json
from rlvr_bench.harness.runs.process import run_here
from rlvr_bench.harness.state import checkpoint
from rlvr_bench.harness.state.checkpoint import CheckpointError
from tests.harness.small_runs import config, metrics, run, same, weights
from tests.harness.state.kills import left, prepared

IDENTITY = {"model m": "1", "items of the task t": "2"}


def engines(value: float, *roles: Role) -> dict[Role, TrainEngine]:
    found: dict[Role, TrainEngine] = {}
    for i, role in enumerate(roles or ("actor",)):
        module = nn.Linear(1, 1, bias=False)
        nn.init.constant_(module.weight, value + i)
        found[role] = TorchEngine(module)
    return found


def save(folder: Path, value: float, step: int, *roles: Role, last: bool = False) -> None:
    about: dict[str, Any] = {"identity": IDENTITY, "lengths": {"a": 3}, "skipped": {}, "seconds": 1.5, "last": last}
    checkpoint.save(folder, engines(value, *roles), step=step, **about)


def value(folder: Path, role: Role = "actor") -> float:
    return float(checkpoint.load_weights(folder, role)["weight"])


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    save(tmp_path, 3.0, 7, "actor", "critic")
    drawn = torch.rand(3)
    found = checkpoint.required(tmp_path)
    assert (found.step, found.identity, found.lengths, found.seconds) == (7, IDENTITY, {"a": 3}, 1.5)
    others = engines(0.0, "actor", "critic")
    torch.manual_seed(5)
    checkpoint.restore(found, others)
    assert [float(e.module.state_dict()["weight"]) for e in others.values()] == [3.0, 4.0]
    assert (value(tmp_path), value(tmp_path, "critic")) == (3.0, 4.0)
    assert torch.equal(torch.rand(3), drawn)  # the process's generator is where it was


def test_two_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 10):
        save(tmp_path, float(step), step)
    assert value(tmp_path) == 10.0
    names = sorted(path.name for path in (tmp_path / checkpoint.FOLDER).iterdir())
    assert names == ["step-00000002", "step-00000010"]


def test_the_end_of_a_shorter_run_is_no_place_to_go_on_from(tmp_path: Path) -> None:
    assert checkpoint.to_go_on_from(tmp_path, 9) is None
    save(tmp_path, 2.0, 2)
    save(tmp_path, 3.0, 3, last=True)
    for steps, step in ((3, 3), (4, 2), (3, 2)):
        found = checkpoint.to_go_on_from(tmp_path, steps)
        assert found is not None and found.step == step
    assert [path.name for path in (tmp_path / checkpoint.FOLDER).iterdir()] == ["step-00000002"]


def test_a_changed_byte_in_any_file_is_seen_and_the_one_before_counts(tmp_path: Path) -> None:
    save(tmp_path, 1.0, 1)
    save(tmp_path, 2.0, 2)
    newest = tmp_path / checkpoint.FOLDER / "step-00000002"
    files = [path for path in newest.rglob("*") if path.is_file()]
    assert len(files) >= 6
    for path in files:
        whole = path.read_bytes()
        for at, bit in ((0, 1), (len(whole) // 2, 128), (len(whole) - 2, 128)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
            found = checkpoint.latest(tmp_path)
            assert found is not None and (found.step, path.name) == (1, path.name)
        path.write_bytes(whole)
        path.rename(newest / "elsewhere")
        assert checkpoint.required(tmp_path).step == 1
        (newest / "elsewhere").rename(path)
    assert checkpoint.required(tmp_path).step == 2


def test_the_manifest_itself_is_covered(tmp_path: Path) -> None:
    save(tmp_path, 1.0, 1)
    path = tmp_path / checkpoint.FOLDER / "step-00000001" / checkpoint.MANIFEST
    path.write_text(path.read_text().replace('"step": 1', '"step": 3'))
    assert checkpoint.latest(tmp_path) is None


def test_none_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no checkpoint to go on from \(none; set train\.checkpoint_every"):
        checkpoint.required(tmp_path)
    save(tmp_path, 1.0, 1)
    (tmp_path / checkpoint.FOLDER / "step-00000001" / "actor" / "weights.json").unlink()
    with pytest.raises(CheckpointError, match=r"\(damaged: step-00000001\)"):
        checkpoint.required(tmp_path)


@pytest.mark.parametrize("now", [{**IDENTITY, "model m": "9"}, {"items of the task t": "2"}])
def test_what_changed_is_named(now: dict[str, str], tmp_path: Path) -> None:
    save(tmp_path, 1.0, 1)
    found = checkpoint.required(tmp_path)
    checkpoint.refuse_others(found, IDENTITY)
    with pytest.raises(CheckpointError, match="since it was taken, this changed: model m; put it back"):
        checkpoint.refuse_others(found, now)


def test_a_damaged_one_of_the_same_step_is_replaced(tmp_path: Path) -> None:
    save(tmp_path, 1.0, 1)
    save(tmp_path, 2.0, 2)
    (tmp_path / checkpoint.FOLDER / "step-00000002" / "actor" / "weights.json").unlink()
    save(tmp_path, 3.0, 2)
    assert (checkpoint.required(tmp_path).step, value(tmp_path)) == (2, 3.0)


@pytest.mark.parametrize(
    "settings",
    [
        {"algorithm": {"name": "ppo"}, "train": {"epochs": 2, "minibatches": 2, "lr_warmup_steps": 2}},
        {"algorithm": {"name": "grpo"}},
        {"algorithm": {"name": "grpo"}, "model": {"dtype": "bfloat16"}},
    ],
    ids=["ppo", "grpo", "bfloat16"],
)
def test_four_steps_are_two_resumed_and_two(settings: dict[str, Any], tmp_path: Path) -> None:
    train = {"checkpoint_every": 2, **settings.pop("train", {})}
    s = config(**settings, train={"steps": 4, **train})
    whole = run(s, tmp_path / "whole")
    run(config(**settings, train={"steps": 2, **train}), tmp_path / "half")
    second = run(s, tmp_path / "half", resume=True)
    assert metrics(tmp_path / "half") == metrics(tmp_path / "whole")
    for role in whole.learner.engines:
        assert same(weights(whole, role), weights(second, role))
    assert second.learner.states() == whole.learner.states()


def test_a_run_saves_when_it_is_due_and_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[int] = []
    real = checkpoint.save
    monkeypatch.setattr(
        checkpoint, "save", lambda *args, step, **rest: saved.append(step) or real(*args, step=step, **rest)
    )
    trainer = run(config(train={"steps": 5, "checkpoint_every": 2}), tmp_path)
    assert saved == [2, 4, 5]
    kept = checkpoint.load_weights(tmp_path)
    assert all(torch.equal(tensor, kept[name]) for name, tensor in weights(trainer).items())


def test_a_run_that_grows_equals_one_that_was_as_long_from_the_start(tmp_path: Path) -> None:
    """Its old last evaluation has more items than one in the middle: it is taken back."""
    more: dict[str, Any] = {"evaluate": {"every": 2, "items": 3, "final_items": 4, "samples": 1, "k": []}}
    short, long = (config(train={"steps": steps, "checkpoint_every": 1}, **more) for steps in (4, 6))
    folders = {name: prepared(tmp_path / name, short if name == "grown" else long) for name in ("grown", "whole")}
    for folder in folders.values():
        assert run_here(folder)[0].status == "completed"
    write_json(folders["grown"] / "config.json", {"hash": "h", "config": long.to_dict(), "inputs": {}})
    assert run_here(folders["grown"], resume=True)[0].resumed == 1
    assert left(folders["grown"]) == left(folders["whole"])


def test_without_a_checkpoint_a_run_begins_again_and_its_records_are_kept(tmp_path: Path) -> None:
    settings = config(train={"steps": 2, "checkpoint_every": 0}, evaluate={"every": 1})
    folder = prepared(tmp_path / "run", settings)
    run_here(folder)
    before = (folder / "metrics.jsonl").read_bytes()
    summary, _ = run_here(folder, resume=True)
    assert (summary.status, summary.steps_done) == ("completed", 2)
    assert (folder / "try-1" / "metrics.jsonl").read_bytes() == before
    assert [row["step"] for row in metrics(folder)] == [0, 1, 2]
