"""Low-rank adapters (LoRA, Hu et al. 2021, arXiv:2106.09685) by the package `peft`, on weights that models share.

A model with an adapter is a tree of modules of its own whose frozen parameters are the base model's: the same tensors,
not copies.  So no model has to be switched from one adapter to another, and the base model itself, which never gets
one, is the reference.  There is no dropout on adapters, as nowhere else (`dropout.py`).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rlvr_bench.harness.config.schema import AdapterConfig


def with_adapter(model: Any, adapter: AdapterConfig, *, seed: int) -> Any:
    """A model on the weights of `model`, with an adapter that changes nothing until it is trained.

    Args:
        model: a causal language model or a backbone of transformers; its parameters are frozen here, `model` is left
            without an adapter.
        seed: of the adapters' first factors, which are drawn on the CPU; the second ones are zero.
    """
    from peft import LoraConfig, inject_adapter_in_model

    model.requires_grad_(False)
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    found = copy.deepcopy(model, shared)
    backbone = found.base_model
    settings = LoraConfig(
        r=adapter.rank,
        lora_alpha=adapter.alpha,  # pyright: ignore[reportArgumentType]  # a number like any other in its formula
        target_modules=list(adapter.targets) or linear_layers(backbone),
        lora_dropout=0.0,
    )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        inject_adapter_in_model(settings, backbone)
    return found


def linear_layers(backbone: nn.Module) -> list[str]:
    """Last names of a backbone's linear layers, each once, in the order of the modules."""
    return list(
        dict.fromkeys(name.rpartition(".")[2] for name, m in backbone.named_modules() if isinstance(m, nn.Linear))
    )


def target_problems(model_config: Any, name: str, targets: Sequence[str]) -> list[str]:
    """What is wrong with the names of the layers, a line for each; no weight is made for it.

    Args:
        model_config: that of transformers.
        name: of the model, for the errors.
    """
    from transformers import AutoModelForCausalLM

    try:
        with torch.device("meta"):
            known = linear_layers(AutoModelForCausalLM.from_config(model_config).base_model)
    except ValueError as error:  # no causal language model
        return [f"model.adapter: {name}: {str(error).splitlines()[0]}"]
    if not known:
        return [f"model.adapter: {name} has no linear layer that an adapter could be on; leave it out"]
    return [
        f"model.adapter.targets: {name} has no linear layer {target!r}; it has {', '.join(known)}"
        for target in targets
        if target not in known
    ]


def adapted(model: nn.Module) -> bool:
    """Whether any layer has an adapter."""
    return any(hasattr(module, "get_delta_weight") for module in model.modules())


def whole_weight(layer: Any) -> Tensor:
    """The weight of a linear layer, (outputs, inputs), with the product of its adapter's factors if it has one."""
    weight = layer.weight
    for name in getattr(layer, "active_adapters", ()):
        weight = weight + layer.get_delta_weight(name)
    return weight


@torch.no_grad()
def merge(model: nn.Module) -> None:
    """Add each adapter to the weights that it is on, in their type, and take it away.

    The weights are changed in place, so in every model that shares them.
    """
    for name, layer in list(model.named_modules()):
        if hasattr(layer, "get_delta_weight"):
            base: Any = layer.get_base_layer()  # pyright: ignore[reportCallIssue]
            base.weight.copy_(whole_weight(layer))
            parent, _, leaf = name.rpartition(".")
            setattr(model.get_submodule(parent), leaf, base)
