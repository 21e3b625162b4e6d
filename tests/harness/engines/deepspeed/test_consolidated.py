"""Checkpoints of several processes: a run goes on as if it had not stopped, in any number of processes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.layers import merge
from rlvr_bench.harness.config.load import resolve
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.state import checkpoint
from tests.harness.engines.deepspeed.several import Result, train_in_processes
from tests.harness.engines.deepspeed.test_engine import STAGES, case
from tests.tolerance import assert_close

SAVED = {"steps": 4, "checkpoint_every": 2}


def in_one(c: RunConfig) -> RunConfig:
    return resolve(merge(c.to_dict(), {"launch": {"processes": 1}}))


def assert_same(one: Result, other: Result, *, exactly: bool) -> None:
    for role, tensors in one.weights.items():
        for name, tensor in tensors.items():
            if exactly:
                assert tensor.equal(other.weights[role][name]), f"{role} {name}"
            else:
                assert_close(tensor.float(), other.weights[role][name].float(), as_float32=True)


@pytest.mark.slow
def test_it_goes_on_under_every_stage_and_in_another_number_of_processes(tmp_path: Path) -> None:
    """Four steps are two, a checkpoint, and two: bit by bit in as many processes, to float tolerance in one."""
    cases = {f"float32 {stage}": case("ppo", stage, train=SAVED) for stage in STAGES}
    narrow: dict[str, Any] = {"model": {"dtype": "bfloat16"}}
    cases |= {f"bfloat16 {stage}": case("ppo", stage, train=SAVED, **narrow) for stage in STAGES}
    for stage, offload in ((2, "optimizer"), (3, "all")):
        more = merge({"train": SAVED}, {"train": {"engine": {"offload": offload}}}, narrow)
        cases[f"offload {offload}"] = case("ppo", stage, **more)
    whole = train_in_processes(cases, 2, tmp_path / "two")
    shutil.copytree(tmp_path / "two", tmp_path / "one")
    again = train_in_processes(cases, 2, tmp_path / "two", resume=list(cases))
    alone = train_in_processes({n: in_one(c) for n, c in cases.items()}, 1, tmp_path / "one", resume=list(cases))
    for name in cases:
        assert len(again[name].rows) == len(alone[name].rows) == 2
        assert_same(whole[name], again[name], exactly=True)
        if "float32" in name:
            assert_same(whole[name], alone[name], exactly=False)
        assert again[name].facts == whole[name].facts
    saved = checkpoint.load_weights(tmp_path / "two" / "float32 3")  # whole, as of any other run
    assert {n: t.shape for n, t in saved.items()} == {
        n: t.shape for n, t in whole["float32 0"].weights["actor"].items()
    }
