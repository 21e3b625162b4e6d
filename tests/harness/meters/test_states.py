"""Bytes by hand: fp32 is 4 bytes a number, bf16 2."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from rlvr_bench.harness.meters.states import role_states
from rlvr_bench.harness.records import RoleStates


def step(module: nn.Module, optimizer: torch.optim.Optimizer, width: int) -> None:
    module(torch.ones(1, width)).sum().backward()
    optimizer.step()


def test_adam_in_fp32() -> None:
    module = nn.Linear(10, 5)  # 50 + 5 = 55 parameters
    optimizer = torch.optim.AdamW(module.parameters())
    step(module, optimizer, 10)
    # m and v: 2 x 220 B; the step counters: one fp32 number for each of two tensors.
    assert role_states(module, optimizer, True) == RoleStates(55, True, 220, 220, 448, 0)


def test_frozen_with_buffers() -> None:
    module = nn.BatchNorm1d(8).requires_grad_(False)
    # Buffers: running mean and variance 2 x 8 x 4 B, batches seen one int64.
    assert role_states(module, None, False) == RoleStates(16, False, 64, 0, 0, 72)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(7, 3)
        self.head = nn.Linear(3, 7, bias=False)
        self.head.weight = nn.Parameter(self.table.weight.data)  # another Parameter on the same storage


def test_tied_weights_count_once() -> None:
    assert role_states(Tied(), None, False) == RoleStates(21, False, 84, 0, 0, 0)


def test_slices_of_a_flat_buffer() -> None:
    flat = torch.zeros(10)
    module = nn.ParameterList([nn.Parameter(flat[:4]), nn.Parameter(flat[4:])])
    assert role_states(module, None, False) == RoleStates(10, False, 40, 0, 0, 0)


class WithMasters:
    def __init__(self, masters: list[torch.Tensor]) -> None:
        self.masters = masters
        self.state = {0: {"moments": [torch.zeros(6), torch.zeros(6)], "step": 3}}

    def master_parameters(self) -> Iterator[torch.Tensor]:
        yield from self.masters


def test_master_copies() -> None:
    module = nn.Linear(3, 2, bias=False, dtype=torch.bfloat16)
    module.weight.grad = torch.zeros_like(module.weight)
    # bf16: weights 12 B, gradients 12 B; fp32: two moments and a master copy of 24 B each.
    optimizer = WithMasters([module.weight.detach().float()])
    assert role_states(module, optimizer, True) == RoleStates(6, True, 12, 12, 72, 0)


def test_a_master_that_is_the_parameter_counts_once() -> None:
    module = nn.Linear(3, 2, bias=False)
    assert role_states(module, WithMasters([module.weight]), True) == RoleStates(6, True, 24, 0, 48, 0)


class Adapted(nn.Module):
    """A frozen layer of 6 numbers that may be another's, and a trained one of 2."""

    def __init__(self, borrowed: bool) -> None:
        super().__init__()
        self.base = nn.Linear(3, 2, bias=False).requires_grad_(False)
        self.own = nn.Linear(2, 1, bias=False)
        self.register_buffer("table", torch.zeros(5))
        self.borrowed = (self.base.weight, self.table) if borrowed else ()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.own(self.base(x))


def test_what_is_borrowed_is_counted_elsewhere_and_what_is_frozen_not_as_trained() -> None:
    """Weights 24 + 8 B, of which 24 may be another's, as the buffer of 20; gradient 8, moments 16, one counter 4."""
    found = []
    for borrowed in (False, True):
        module = Adapted(borrowed)
        optimizer = torch.optim.AdamW([p for p in module.parameters() if p.requires_grad])
        step(module, optimizer, 3)
        found.append(role_states(module, optimizer, True))
    assert found == [RoleStates(8, True, 32, 8, 20, 20, 2, 0), RoleStates(8, True, 8, 8, 20, 0, 2, 24)]
    assert [s.learning for s in found] == [2, 2]
    frozen = role_states(Adapted(True), None, False)
    assert (frozen.learning, frozen.trained_parameters, frozen.shared_weights) == (0, None, 24)
