"""Numbers of each process by hand, and bytes against those that two processes recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench.harness.engines.deepspeed.parts import (
    Exchange,
    Part,
    Sharding,
    exchange_of_process,
    part_of_process,
    shards,
)
from rlvr_bench.harness.planner.plan import states_of_run
from rlvr_bench.harness.planner.shapes import shape_of
from tests.harness.engines.deepspeed.several import train_in_processes
from tests.harness.planner.configs import config_of


def test_flat_parts() -> None:
    # 7 + 6 = 13 numbers, 16 as a multiple of 2 x 4, 4 a process: the second has numbers 4 to 7, of both tensors; the
    # last one has number 12 and padding.
    found = [part_of_process([7, 6], Sharding(4, 2), rank) for rank in range(4)]
    assert found == [Part(16, held, 4, 1) for held in (7, 13, 6, 6)]


def test_each_tensor_is_cut_at_stage_3() -> None:
    assert shards([7, 6, 1], 4) == [2, 2, 1]
    assert part_of_process([7, 6, 1], Sharding(4, 3)) == Part(5, 5, 5, 1)


def test_a_large_process_has_several_tensors() -> None:
    # 0.6, 0.6 and 0.6 billion a process: the second brings the first group to 10^9.
    assert part_of_process([1_200_000_000] * 3, Sharding(2, 3)).tensors == 2


def test_what_is_exchanged() -> None:
    sizes = [7, 6, 1]
    assert exchange_of_process(sizes, 9, Sharding(), trained=True, bucket=10) == Exchange()
    assert exchange_of_process(sizes, 9, Sharding(4, 0), trained=True, bucket=10) == Exchange(together=14)
    # 14 numbers in one flat tensor of 16, 4 a process; they travel ten at a time.
    assert exchange_of_process(sizes, 9, Sharding(4, 2), trained=True, bucket=10) == Exchange(bucket=10, step=4)
    # Shards of 2 + 2 + 1 numbers, 20 of four processes together.
    whole = exchange_of_process(sizes, 9, Sharding(4, 3), trained=True, bucket=99)
    assert whole == Exchange(always=14, gradients=5, whole=20, module=9, step=5)
    assert not whole.early and exchange_of_process(sizes, 9, Sharding(4, 3), trained=True, bucket=10).early
    assert exchange_of_process(sizes, 9, Sharding(4, 3), trained=False, bucket=99) == Exchange(whole=20, module=9)
    assert exchange_of_process(sizes, 9, Sharding(4, 2), trained=False, bucket=99) == Exchange()


@pytest.mark.slow
def test_states_are_those_of_two_processes(tmp_path: Path) -> None:
    """Every role, stage and type, to the byte; the critic's numbers are odd, so that there is padding."""
    cases = {
        f"{stage} {dtype}": config_of(
            model={"dtype": dtype},
            train={"steps": 1, "engine": {"name": "deepspeed", "stage": stage}},
            launch={"processes": 2},
        )
        for stage in range(4)
        for dtype in ("float32", "bfloat16")
    }
    for name, result in train_in_processes(cases, 2, tmp_path / "out").items():
        config = cases[name]
        planned = states_of_run(config, shape_of(config.model.name), Sharding(2, config.train.engine.stage))
        assert planned.keys() == result.facts["states"].keys()
        for role, real in result.facts["states"].items():
            own = planned[role]
            held = {
                "weights": own.weights,
                "gradients": own.gradients,
                "optimizer": own.optimizer + own.masters,
                "buffers": own.buffers,
                "parameters": own.parameters,
            }
            assert {kind: real[kind] for kind in held} == held, f"{name}: {role}"
        stage, size = config.train.engine.stage, {"float32": 4, "bfloat16": 2}[config.model.dtype]
        for role, kept in result.facts["kept"].items():
            own = planned[role]
            expected = [own.parameters, own.gradients // size] if stage == 3 else [0, 0]
            assert kept == expected, f"{name}: {role}"
