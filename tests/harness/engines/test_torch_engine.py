"""The engine of one process: steps, clipping, gradients that are not finite, states and checkpoints."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from rlvr_bench.harness.engines.torch_engine import TorchEngine
from tests.tolerance import assert_close

LR, EPS, BETAS = 0.1, 1e-8, (0.9, 0.999)


def weights(*values: float) -> nn.Module:
    module = nn.Module()
    module.weight = nn.Parameter(torch.tensor(values))
    return module


def step(engine: TorchEngine, gradient: list[float], *, max_norm: float = math.inf, lr: float = LR) -> float:
    weight: Any = engine.module.weight
    engine.backward((weight * torch.tensor(gradient)).sum(), last=True)
    return engine.step(lr, max_norm)


def adamw(values: list[float], gradients: list[list[float]], lr: float = LR) -> list[float]:
    """Without weight decay, by the book."""
    found = []
    for i, value in enumerate(values):
        mean = square = 0.0
        for t, gradient in enumerate(gradients, start=1):
            mean = BETAS[0] * mean + (1 - BETAS[0]) * gradient[i]
            square = BETAS[1] * square + (1 - BETAS[1]) * gradient[i] ** 2
            value -= lr * mean / (1 - BETAS[0] ** t) / (math.sqrt(square / (1 - BETAS[1] ** t)) + EPS)
        found.append(value)
    return found


def test_a_step_is_adamw_without_decay() -> None:
    engine = TorchEngine(weights(1.0, -2.0))
    gradients = [[3.0, 4.0], [-0.5, 0.25], [0.1, 7.0]]
    assert step(engine, gradients[0]) == 5
    for gradient in gradients[1:]:
        step(engine, gradient)
    assert_close(adamw([1.0, -2.0], gradients), engine.module.weight)


def test_gradients_add_up_until_the_step_and_are_gone_after_it() -> None:
    engine = TorchEngine(weights(1.0, -2.0))
    weight: Any = engine.module.weight
    engine.backward(weight[0] * 3, last=False)
    engine.backward(weight[1] * 4, last=True)
    assert engine.step(LR, math.inf) == 5
    assert weight.grad is None
    assert step(engine, [1.0, 0.0]) == 1


@pytest.mark.parametrize(("max_norm", "scale"), [(10.0, 1.0), (2.5, 0.5)])
def test_a_long_gradient_is_scaled_down_and_its_norm_is_told_as_it_was(max_norm: float, scale: float) -> None:
    """The first step of Adam does not see the scale: a second one shows it."""
    engine = TorchEngine(weights(1.0, -2.0))
    assert step(engine, [3.0, 4.0], max_norm=max_norm) == 5
    step(engine, [0.6, -0.8])
    expected = adamw([1.0, -2.0], [[3.0 * scale, 4.0 * scale], [0.6, -0.8]])
    assert_close(expected, engine.module.weight)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_is_not_applied(bad: float) -> None:
    engine = TorchEngine(weights(1.0, -2.0))
    step(engine, [3.0, 4.0])
    before = engine.module.weight.clone()
    assert not math.isfinite(step(engine, [bad, 1.0], max_norm=1.0))
    assert torch.equal(before, engine.module.weight)
    assert engine.module.weight.grad is None
    step(engine, [-1.0, 2.0])
    assert_close(adamw([1.0, -2.0], [[3.0, 4.0], [-1.0, 2.0]]), engine.module.weight)


def test_each_step_has_its_rate() -> None:
    engine = TorchEngine(weights(1.0, -2.0))
    step(engine, [3.0, 4.0], lr=0.5)
    assert_close([0.5, -2.5], engine.module.weight)
    step(engine, [3.0, 4.0], lr=0.0)
    assert_close([0.5, -2.5], engine.module.weight)


def test_states_are_those_of_the_first_step() -> None:
    """4 bytes a weight, as many a gradient and twice as many moments; the step counter is one float32 a tensor."""
    engine = TorchEngine(weights(1.0, -2.0))
    before = engine.states()
    assert (before.weights, before.gradients, before.optimizer, before.trained) == (8, 0, 0, True)
    step(engine, [math.nan, 1.0])
    assert engine.states() == before
    step(engine, [3.0, 4.0])
    first = engine.states()
    assert (first.weights, first.gradients, first.optimizer) == (8, 8, 16 + 4)
    step(engine, [1.0, 1.0])
    assert engine.states() == first


def test_it_goes_on_from_what_it_saved(tmp_path: Path) -> None:
    gradients = [[3.0, 4.0], [-0.5, 0.25], [0.1, 7.0], [1.0, -1.0]]
    first = TorchEngine(weights(1.0, -2.0))
    for gradient in gradients[:2]:
        step(first, gradient)
    first.save(tmp_path / "a" / "actor")
    second = TorchEngine(weights(9.0, 9.0))
    second.load(tmp_path / "a" / "actor")
    assert second.states() == first.states()
    for gradient in gradients[2:]:
        step(second, gradient)
    assert_close(adamw([1.0, -2.0], gradients), second.module.weight)


def test_one_process_has_all_rows_and_all_weights() -> None:
    engine = TorchEngine(weights(1.0))
    engine.gather()
    assert engine.whole is engine.module and not engine.sharded
    engine.release()
    assert {name: tensor.tolist() for name, tensor in engine.weights()} == {"weight": [1.0]}


def test_frozen_parameters_stay() -> None:
    module = weights(1.0, -2.0)
    module.frozen = nn.Parameter(torch.ones(1), requires_grad=False)
    engine = TorchEngine(module)
    step(engine, [3.0, 4.0])
    assert module.frozen.item() == 1
