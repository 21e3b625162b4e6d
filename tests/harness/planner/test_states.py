"""Bytes by hand, and against the walk over real tensors that records come from."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from rlvr_bench.harness.engines.optim import make_optimizer
from rlvr_bench.harness.meters.states import role_states
from rlvr_bench.harness.planner.states import Sharding, States, deep, layer_of, states_of, step_bytes
from tests.harness.planner.configs import config_of


def layer(dtype: torch.dtype) -> nn.Module:
    return nn.Linear(10, 5, dtype=dtype, device="meta")  # 50 + 5 = 55 parameters in two tensors


def test_16_bytes_a_parameter_in_float32() -> None:
    # Weight 4, gradient 4, two moments 8: 16 x 55, and a step count of 4 B for each of two tensors.
    states = states_of(layer(torch.float32), trained=True)
    assert states == States(55, 55, 220, 220, 448, 0, 0)
    assert states.total == 16 * 55 + 8


def test_16_bytes_a_parameter_in_bfloat16() -> None:
    # Weight 2, gradient 2, master 4, two moments 8.
    states = states_of(layer(torch.bfloat16), trained=True)
    assert states == States(55, 55, 110, 110, 448, 220, 0)
    assert states.total == 16 * 55 + 8


def test_frozen_is_the_weights_alone() -> None:
    assert states_of(layer(torch.bfloat16), trained=False) == States(55, 0, 110, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("stage", "a_parameter"),
    # N = 1, D = 4, bfloat16: stage 1 4 + 12/D, stage 2 2 + 14/D, stage 3 16/D.
    [(0, 16), (1, 4 + 12 / 4), (2, 2 + 14 / 4), (3, 16 / 4)],
)
def test_zero_divides_states_over_devices(stage: int, a_parameter: float) -> None:
    whole = States(1000, 1000, 2000, 2000, 8000, 4000, 0)
    assert whole.on_device(Sharding(4, stage)).total == a_parameter * 1000


def test_what_is_offloaded_is_not_on_the_device() -> None:
    whole = States(1000, 1000, 2000, 2000, 8000, 4000, 0)
    assert whole.on_device(Sharding(4, 2, "optimizer")).total == 2000 + 2000 / 4
    assert whole.on_device(Sharding(4, 3, "all")).total == 2000 / 4


def test_a_block_is_the_least_that_is_given_out() -> None:
    # 200 B and 20 B of weights, each in a block of 512 B; four moments and two counts likewise.
    states = states_of(layer(torch.float32), trained=True, block=512)
    assert (states.weights, states.gradients, states.optimizer) == (1024, 1024, 6 * 512)


def test_a_step_holds_the_gradients_of_one_bucket() -> None:
    assert step_bytes(layer(torch.bfloat16)) == 4 * 55  # both tensors are in one bucket
    assert step_bytes(layer(torch.float32)) == 0
    large = nn.ModuleList([nn.Linear(2**13, 2**13, bias=False, dtype=torch.bfloat16, device="meta") for _ in range(3)])
    assert step_bytes(large) == 4 * 2**26  # each weight fills a bucket


class Decoder(nn.Module):
    def __init__(self, layers: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, 3)
        self.layers = nn.ModuleList([nn.Linear(3, 3) for _ in range(layers)])
        self.norm = nn.LayerNorm(3)


def test_layers_are_repeated_in_their_place() -> None:
    short, long = Decoder(2), Decoder(5)
    assert [p.shape for p in deep(short, 5)] == [p.shape for p in long.parameters()]
    assert states_of(short, trained=True, layers=5) == states_of(long, trained=True)


def test_the_layer_of_a_parameter_is_in_its_name() -> None:
    assert layer_of("lm.model.layers.12.mlp.up_proj.weight") == 12
    assert layer_of("3.self_attn.q_proj.weight") == 3
    assert layer_of("lm.model.embed_tokens.weight") is None


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_they_are_those_of_real_models(dtype: str) -> None:
    """All four roles of a tiny model after an optimizer step, tensor by tensor."""
    from rlvr_bench.harness.models.base import load_base
    from rlvr_bench.harness.models.roles import TRAINED, ScalarModel, build_models

    config = config_of(model={"dtype": dtype}, reward={"source": "learned"})
    base, tokenizer = load_base(config.model, seed=0)
    models = build_models(
        base,
        tokenizer,
        frozenset({"actor", "critic", "reference"}),
        config,
        device=torch.device("cpu"),
        reward_model=ScalarModel(copy.deepcopy(base.base_model)),
    )
    for role, model in models.by_role.items():
        optimizer = None
        if role in TRAINED:
            optimizer = make_optimizer(model)
            for parameter in model.parameters():
                parameter.grad = torch.zeros_like(parameter)
            optimizer.step()
        real, states = role_states(model, optimizer, role in TRAINED), states_of(model, trained=role in TRAINED)
        assert (states.parameters, states.weights, states.gradients, states.buffers) == (
            real.parameters,
            real.weights,
            real.gradients,
            real.buffers,
        )
        assert states.optimizer + states.masters == real.optimizer
