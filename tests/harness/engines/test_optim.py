"""AdamW with float32 masters, against torch's own on float32 weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from rlvr_bench.harness.engines import optim
from rlvr_bench.harness.engines.optim import MasterAdamW, make_optimizer, set_lr, warmup_factor
from rlvr_bench.harness.meters.states import role_states
from tests.tolerance import assert_close


def network(dtype: torch.dtype) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 32)).to(torch.bfloat16).to(dtype)


def gradients(step: int, model: nn.Module) -> None:
    """Any numbers that bfloat16 holds exactly."""
    draw = torch.Generator().manual_seed(step)
    for p in model.parameters():
        p.grad = torch.randn(p.shape, generator=draw).to(torch.bfloat16).to(p.dtype)


def run(optimizer: Any, model: nn.Module, steps: range) -> None:
    for step in steps:
        set_lr(optimizer, 0.01 / step)
        gradients(step, model)
        optimizer.step()
        model.zero_grad()


def test_masters_follow_float32_adamw() -> None:
    low, full = network(torch.bfloat16), network(torch.float32)
    masters = make_optimizer(low)
    assert isinstance(masters, MasterAdamW)
    run(masters, low, range(1, 6))
    run(torch.optim.AdamW(full.parameters(), lr=0.01, weight_decay=0.0), full, range(1, 6))
    for master, weight, expected in zip(masters.master_parameters(), low.parameters(), full.parameters(), strict=True):
        assert_close(expected, master)
        assert torch.equal(weight, master.to(torch.bfloat16))
        assert weight.grad is None and master.grad is None


def test_the_size_of_a_bucket_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    one, many = network(torch.bfloat16), network(torch.bfloat16)
    run(make_optimizer(one), one, range(1, 4))
    monkeypatch.setattr(optim, "BUCKET", 64)
    optimizer = make_optimizer(many)
    assert isinstance(optimizer, MasterAdamW)
    assert [len(bucket) for bucket in optimizer.buckets] == [1, 1, 1, 1]
    run(optimizer, many, range(1, 4))
    for expected, actual in zip(one.parameters(), many.parameters(), strict=True):
        assert torch.equal(expected, actual)


def test_small_updates_are_not_lost() -> None:
    """The reason for masters: each step is far below what a bfloat16 weight near 1 can hold."""
    weight = nn.Parameter(torch.ones(1, dtype=torch.bfloat16))
    optimizer = MasterAdamW([weight])
    set_lr(optimizer, 1e-4)
    for _ in range(100):
        weight.grad = torch.ones_like(weight)
        optimizer.step()
    assert float(weight.detach()) == pytest.approx(0.99, abs=0.004)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_trained_parameter_takes_16_bytes(dtype: torch.dtype) -> None:
    """float32: 4 weight, 4 gradient, 8 moments.  bfloat16: 2, 2, and 12 of master and moments."""
    model = network(dtype)
    optimizer = make_optimizer(model)
    gradients(1, model)
    optimizer.step()
    states = role_states(model, optimizer, trained=True)
    count = 64 * 64 + 64 + 64 * 32 + 32
    assert states.parameters == count
    assert (states.weights, states.gradients) == (count * dtype.itemsize, count * dtype.itemsize)
    steps = 4 * 4  # one float32 step counter a tensor
    assert states.optimizer == count * {torch.float32: 8, torch.bfloat16: 12}[dtype] + steps


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_state_dict_round_trip(dtype: torch.dtype) -> None:
    whole, first, second = (network(dtype) for _ in range(3))
    run(make_optimizer(whole), whole, range(1, 6))
    before = make_optimizer(first)
    run(before, first, range(1, 4))
    after = make_optimizer(second)
    second.load_state_dict(first.state_dict())
    after.load_state_dict(before.state_dict())
    run(after, second, range(4, 6))
    for expected, actual in zip(whole.parameters(), second.parameters(), strict=True):
        assert torch.equal(expected, actual)


def test_frozen_parameters_are_left_out() -> None:
    model = network(torch.float32)
    model[0].requires_grad_(False)
    (group,) = make_optimizer(model).param_groups
    assert [p.shape for p in group["params"]] == [(32, 64), (32,)]


@pytest.mark.parametrize(("step", "steps", "factor"), [(1, 4, 0.25), (4, 4, 1.0), (9, 4, 1.0), (1, 0, 1.0)])
def test_warm_up_is_linear(step: int, steps: int, factor: float) -> None:
    assert warmup_factor(step, steps) == factor
