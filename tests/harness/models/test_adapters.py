"""Adapters on shared weights, against the formula written down: W x + (alpha / rank) B A x."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import GPT2Config, T5Config

from rlvr_bench.algorithms.types import Role, Rollout
from rlvr_bench.harness.config.schema import AdapterConfig
from rlvr_bench.harness.meters.states import role_states
from rlvr_bench.harness.models.adapters import merge, target_problems, whole_weight, with_adapter
from rlvr_bench.harness.models.base import load_base, without_weights
from rlvr_bench.harness.models.roles import Models, Policy, ScalarModel, build_models
from rlvr_bench.harness.rollout.torch_engine import TorchRollout
from rlvr_bench.harness.rollout.types import SamplingParams, as_rollout
from tests.harness.models.decoders import CONFIGS, causal_lm, within_vocabulary
from tests.harness.small_runs import CPU, config
from tests.tolerance import assert_close

ALL: frozenset[Role] = frozenset({"actor", "critic", "reference"})
RANK, ALPHA = 3, 6.0


def held(roles: frozenset[Role] = ALL, *, device: torch.device = CPU, **model: Any) -> Models:
    """Models on one base, and a reward model of its own."""
    settings = config(model={"name": "tiny:32x2", "adapter": {"rank": RANK, "alpha": ALPHA}, **model})
    base, tokenizer = load_base(settings.model, seed=0)
    learned = ScalarModel.from_causal_lm(base)
    return build_models(base, tokenizer, roles, settings, device=device, reward_model=learned)


def stir(model: nn.Module) -> None:
    """Adapters as if they had been trained: the second factors are zero before."""
    draw = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=draw) * 0.3)


def by_hand(model: Any) -> Any:
    """A copy without adapters, whose weights have the products of their factors."""
    plain = copy.deepcopy(model)
    for name, layer in list(plain.named_modules()):
        if hasattr(layer, "lora_A"):
            first, second = layer.lora_A["default"].weight, layer.lora_B["default"].weight
            whole = nn.Linear(first.shape[1], second.shape[0], bias=layer.base_layer.bias is not None)
            whole.weight = nn.Parameter(layer.base_layer.weight + ALPHA / RANK * second @ first)
            whole.bias = layer.base_layer.bias
            parent, _, leaf = name.rpartition(".")
            setattr(plain.get_submodule(parent), leaf, whole)
    return plain


def test_base_weights_are_one_storage() -> None:
    models = held()
    plain = dict(models.by_role["reference"].named_parameters())
    found: dict[Role, int] = {}
    for role in ("actor", "critic"):
        for name, parameter in models.by_role[role].named_parameters():
            name = name.replace(".base_layer", "").replace("backbone.", "lm.model.")
            if "lora_" not in name and "head" not in name:
                assert parameter.data_ptr() == plain[name].data_ptr()
                found[role] = found.get(role, 0) + 1
    assert found == {"actor": len(plain), "critic": len(plain)}
    mine = {p.data_ptr() for p in models.by_role["reward"].parameters()}
    assert not mine & {p.data_ptr() for p in plain.values()}, "the reward model is a model of its own"


def test_only_adapters_and_the_critics_head_are_trained() -> None:
    models = held()
    trained = {
        role: {name.split(".")[-2 if "head" in name else -3] for name, p in model.named_parameters() if p.requires_grad}
        for role, model in models.by_role.items()
    }
    factors = {"lora_A", "lora_B"}
    assert trained == {"actor": factors, "critic": factors | {"head"}, "reference": set(), "reward": set()}
    assert {role: model.training for role, model in models.by_role.items()} == {
        "actor": True, "critic": True, "reference": False, "reward": False,
    }  # fmt: skip


def test_bytes_by_role_are_those_of_the_tensors() -> None:
    """tiny:32x2, fp32: the base once, with the actor; a factor of A has rank x inputs numbers, one of B outputs x rank.

    A layer has four 32 x 32 products, two of 32 to 128 and one back.
    """
    models = held()
    adapter = 2 * RANK * (4 * (32 + 32) + 3 * (32 + 128))
    base = 103 * 32 + 2 * (4 * 32 * 32 + 3 * 32 + 3 * 32 * 128 + 2 * 32) + 32  # biases of q, k, v; three kinds of norm
    buffers = sum({b.data_ptr(): b.nbytes for b in models.by_role["reference"].buffers()}.values())
    states = {role: role_states(model, None, role in ("actor", "critic")) for role, model in models.by_role.items()}
    assert (states["actor"].parameters, states["actor"].trained_parameters) == (base + adapter, adapter)
    assert (states["actor"].weights, states["actor"].shared_weights) == (4 * (base + adapter), 0)
    assert (states["critic"].parameters, states["critic"].trained_parameters) == (base + adapter + 33, adapter + 33)
    assert (states["critic"].weights, states["critic"].shared_weights) == (4 * (adapter + 33), 4 * base)
    assert (states["reference"].parameters, states["reference"].trained_parameters) == (base, None)
    assert (states["reference"].weights, states["reference"].shared_weights) == (0, 4 * base)
    assert [states[role].buffers for role in ("actor", "critic", "reference")] == [buffers, 0, 0]
    assert [states[role].learning for role in ("actor", "critic", "reference")] == [adapter, adapter + 33, 0]
    assert (states["reward"].weights, states["reward"].shared_weights) == (4 * (base + 33), 0)
    tensors = (t for m in models.by_role.values() for t in (*m.parameters(), *m.buffers()))
    everything = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}
    assert sum(s.weights + s.buffers for s in states.values()) == sum(everything.values())


def test_a_new_adapter_changes_nothing_at_all(rollout: Rollout) -> None:
    models = held()
    actor, reference = (models.by_role[role](rollout, temperature=0.7)[0] for role in ("actor", "reference"))
    assert torch.equal(actor, reference)
    assert_close(torch.zeros(6, 4), models.by_role["critic"](rollout))


@pytest.mark.parametrize("checkpointing", [False, True])
def test_scores_and_gradients_are_those_of_whole_weights(checkpointing: bool, rollout: Rollout) -> None:
    models = held(gradient_checkpointing=checkpointing)
    actor = models.actor
    stir(actor)
    plain = Policy(by_hand(actor.lm))
    weigh = torch.linspace(-1, 2, rollout.response_mask.numel()).view(rollout.response_mask.shape)
    found = []
    for policy in (actor, plain):
        logprobs, _ = policy(rollout, temperature=0.9)
        (logprobs * weigh).sum().backward()
        found.append(logprobs)
    assert_close(found[1], found[0])
    assert not torch.equal(found[0], models.by_role["reference"](rollout, temperature=0.9)[0])
    layer: Any = actor.lm.model.layers[0].mlp.gate_proj
    whole: Any = plain.lm.model.layers[0].mlp.gate_proj
    # d/dB of the loss is (alpha / rank) dW A^T, and d/dA is (alpha / rank) B^T dW.
    first, second = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    assert_close(ALPHA / RANK * whole.weight.grad @ first.T, second.grad, as_float32=True)
    assert_close(ALPHA / RANK * second.T @ whole.weight.grad, first.grad, as_float32=True)
    assert layer.base_layer.weight.grad is None


def test_the_adapters_of_actor_and_critic_are_apart(rollout: Rollout) -> None:
    models = held()
    before = models.by_role["reference"](rollout, temperature=1.0)[0]
    nn.init.normal_(models.by_role["critic"].head.weight)  # type: ignore[union-attr]
    values = models.by_role["critic"](rollout)
    stir(models.actor)
    assert torch.equal(values, models.by_role["critic"](rollout))
    assert torch.equal(before, models.by_role["reference"](rollout, temperature=1.0)[0])
    stir(models.by_role["critic"])
    assert not torch.equal(values, models.by_role["critic"](rollout))


def sampled(lm: Any, **how: Any) -> tuple[Tensor, Tensor, Rollout]:
    """Completions, the log-probabilities that were kept, and the rollout to score."""
    engine = TorchRollout(lm, pad=0, ends=[7], max_rows=64, with_logprobs=True, **how)
    samples = engine.generate([[1, 2, 3], [4], [5, 6]], SamplingParams(8, 9, 9), 0)
    assert samples.logprobs is not None
    return samples.completion_ids, samples.logprobs, as_rollout(samples, max_tokens=9)


@pytest.mark.parametrize("name", CONFIGS)
def test_what_is_sampled_is_what_is_scored(name: str) -> None:
    """By the lean decoder with packed weights, against scoring and against whole weights; untrained ones differ."""
    base = causal_lm(CONFIGS[name], torch.float32)
    lm = with_adapter(base, AdapterConfig(rank=RANK, alpha=ALPHA), seed=1)
    stir(lm)
    ids, kept, rollout = sampled(lm)
    with torch.no_grad():
        scored, _ = Policy(lm, ends=[7], min_tokens=9)(rollout, temperature=1.0)
        whole, _ = Policy(by_hand(lm), ends=[7], min_tokens=9)(rollout, temperature=1.0)
    assert float((kept - scored).abs().max()) < 1e-4 and float((scored - whole).abs().max()) < 1e-4
    assert torch.equal(ids, sampled(by_hand(lm))[0]) and not torch.equal(ids, sampled(base)[0])


@pytest.mark.parametrize("how", ["bfloat16 weights", "bfloat16 products"])
def test_an_adapter_too_small_for_narrow_weights_is_sampled_with_all_the_same(how: str) -> None:
    """Added to weights of 8 bits it would be rounded away: called as a module it is not."""
    narrow = how == "bfloat16 weights"
    base = causal_lm(CONFIGS["qwen2"], torch.bfloat16 if narrow else torch.float32)
    lm = with_adapter(base, AdapterConfig(rank=RANK, alpha=ALPHA), seed=1)
    with torch.no_grad():
        for name, parameter in lm.named_parameters():
            if "lora_B" in name:
                parameter.fill_(2**-9)
    precision: Any = {} if narrow else {"precision": "bfloat16"}
    _, kept, rollout = sampled(lm, **precision)
    with torch.no_grad():
        scored, _ = Policy(lm, ends=[7], min_tokens=9, **precision)(rollout, temperature=1.0)
        plain, _ = Policy(base, ends=[7], min_tokens=9, **precision)(rollout, temperature=1.0)
    assert_close(kept[:, 0], scored[:, 0])  # the state after the prompt is the same in both
    assert float((scored - plain)[:, 0].abs().max()) > 1e-4


def test_merging_adds_the_product_and_takes_the_adapter_away(rollout: Rollout) -> None:
    lm = with_adapter(causal_lm(CONFIGS["llama with biases"]), AdapterConfig(rank=RANK, alpha=ALPHA), seed=1)
    stir(lm)
    rollout, plain = within_vocabulary(rollout), by_hand(lm)
    assert_close(plain.model.layers[1].mlp.up_proj.weight, whole_weight(lm.model.layers[1].mlp.up_proj))
    merge(lm)
    assert {name for name, _ in lm.named_parameters()} == {name for name, _ in plain.named_parameters()}
    assert_close(Policy(plain)(rollout, temperature=1.0)[0], Policy(lm)(rollout, temperature=1.0)[0], as_float32=True)


def test_seeds_decide_the_first_factors_and_nothing_else_is_drawn() -> None:
    base = causal_lm(CONFIGS["qwen2"])
    torch.manual_seed(4)
    one, again, other = (with_adapter(base, AdapterConfig(), seed=seed) for seed in (1, 1, 2))
    drawn = torch.rand(1)
    torch.manual_seed(4)
    assert torch.equal(drawn, torch.rand(1))
    a, b, c = (lm.model.layers[0].mlp.up_proj.lora_A["default"].weight for lm in (one, again, other))
    assert torch.equal(a, b) and not torch.equal(a, c)


def test_targets_are_checked_before_there_are_weights() -> None:
    about, _ = without_weights("tiny:16x1")
    seven = "q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj"
    assert target_problems(about, "tiny:16x1", ["q_proj", "down_proj"]) == []
    assert target_problems(about, "tiny:16x1", ["q_proj", "c_attn", "lm_head"]) == [
        f"model.adapter.targets: tiny:16x1 has no linear layer {name!r}; it has {seven}"
        for name in ("c_attn", "lm_head")
    ]


def test_models_without_such_layers_are_told_apart() -> None:
    (line,) = target_problems(GPT2Config(n_layer=1, n_embd=8, n_head=2), "gpt", ["c_attn"])
    assert line == "model.adapter: gpt has no linear layer that an adapter could be on; leave it out"
    (line,) = target_problems(T5Config(num_layers=1), "translator", [])
    assert line.startswith("model.adapter: translator: Unrecognized configuration class")


def test_only_the_targets_get_an_adapter() -> None:
    lm = held(adapter={"rank": 2, "targets": ["v_proj", "down_proj"]}).actor.lm
    with_one = {name.rpartition(".")[2] for name, layer in lm.named_modules() if hasattr(layer, "lora_A")}
    assert with_one == {"v_proj", "down_proj"}


def test_offloading_leaves_the_shared_base_where_it_is() -> None:
    """The reference is on the actor's weights, so only the reward model moves; `meta` is a device always there."""
    models = held(device=torch.device("meta"), offload_frozen=True)
    places = {role: {p.device.type for p in model.parameters()} for role, model in models.by_role.items()}
    assert places == {"actor": {"meta"}, "critic": {"meta"}, "reference": {"meta"}, "reward": {"cpu"}}
    with models.on_device("reference") as reference:
        assert {p.device.type for p in reference.parameters()} == {"meta"}
    assert {p.device.type for p in models.actor.parameters()} == {"meta"}


def test_a_base_in_bfloat16_has_adapters_in_bfloat16() -> None:
    models = held(dtype="bfloat16")
    assert {p.dtype for p in models.actor.parameters()} == {torch.bfloat16}
