"""Bytes by hand, and against the walk over real tensors that records come from."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from rlvr_bench.harness.engines.deepspeed.parts import Sharding
from rlvr_bench.harness.engines.optim import make_optimizer
from rlvr_bench.harness.meters.states import role_states
from rlvr_bench.harness.planner.states import States, deep, layer_of, states_of, step_bytes
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
    ("stage", "bytes_held"),
    # 50 + 5 = 55 bfloat16 numbers over D = 4.  Stages 1 and 2: one flat tensor of 56, a multiple of 2 D, of which 14
    # are trained here, all of them in the first tensor; 12 B each of masters and moments, and one count.  Stage 3:
    # 50 / 4 and 5 / 4 rounded up, 13 + 2 = 15 of everything.
    [
        (0, (110, 110, 8 * 55 + 8, 4 * 55)),
        (1, (112, 100, 8 * 14 + 4, 4 * 14)),
        (2, (112, 100, 8 * 14 + 4, 4 * 14)),
        (3, (30, 30, 8 * 15 + 4, 4 * 15)),
    ],
)
def test_zero_divides_states_over_devices(stage: int, bytes_held: tuple[int, ...]) -> None:
    found = states_of(layer(torch.bfloat16), trained=True, how=Sharding(4, stage))
    assert (found.weights, found.gradients, found.optimizer, found.masters) == bytes_held


def test_frozen_models_are_cut_at_stage_3_only() -> None:
    assert states_of(layer(torch.bfloat16), trained=False, how=Sharding(4, 2)).total == 110
    assert states_of(layer(torch.bfloat16), trained=False, how=Sharding(4, 3)).total == 30


def test_what_is_offloaded_is_not_on_the_device() -> None:
    assert states_of(layer(torch.bfloat16), trained=True, how=Sharding(4, 2, "optimizer")).total == 112 + 100
    assert states_of(layer(torch.bfloat16), trained=True, how=Sharding(4, 3, "all")).total == 30


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
