"""Checkpoints of a model that several processes train: whole tensors by name, so any number of them can go on.

    weights      as `TorchEngine` writes them: the state dict
    optimizer    {"steps": optimizer steps, "states": {parameter: {"master", "exp_avg", "exp_avg_sq"}}}, float32;
                 without masters where the weights are float32

Every process gathers one tensor at a time; the first one keeps and writes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from rlvr_bench.harness.engines.processes import Processes
from rlvr_bench.harness.engines.state_files import WEIGHTS, load_states, save_trained, saved_states
from rlvr_bench.harness.records import RoleStates


class Engine(Protocol):
    """What is read of a DeepSpeedEngine."""

    raw: nn.Module
    stage: int
    sharded: bool
    optimizer: Any
    processes: Processes


MASTER, MOMENTS = "master", ("exp_avg", "exp_avg_sq")
States = dict[str, dict[str, Tensor]]


def save(engine: Engine, folder: Path, states: RoleStates | None) -> None:
    """Called by all processes; the first one writes.

    Args:
        states: bytes as they were at the first optimizer step, if there was one.
    """
    writes = engine.processes.first
    weights = _weights(engine, keep=writes)
    optimizer = {"steps": _steps(engine), "states": _states(engine, keep=writes)}
    if writes:
        save_trained(folder, weights, optimizer, states)


def load(engine: Engine, folder: Path) -> RoleStates | None:
    """Called by all processes, each of which reads the files."""
    weights, optimizer = load_states(folder / WEIGHTS), load_states(folder / "optimizer")
    _set_weights(engine, weights)
    _set_states(engine, optimizer["states"], int(optimizer["steps"]), weights)
    return saved_states(folder)


def _whole(engine: Engine, parameter: nn.Parameter, *, changed: bool = False) -> Any:
    """The parameter is whole inside; what the first process changes, all have after."""
    if not engine.sharded:
        return nullcontext()
    import deepspeed

    return deepspeed.zero.GatheredParameters([parameter], modifier_rank=0 if changed else None)


def _weights(engine: Engine, *, keep: bool) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    copies: dict[int, Tensor] = {}  # one of each tensor, where weights are tied
    for name, parameter in engine.raw.named_parameters(remove_duplicate=False):
        if id(parameter) not in copies:
            with _whole(engine, parameter):
                copies[id(parameter)] = _kept(parameter) if keep else torch.empty(0)
        found[name] = copies[id(parameter)]
    buffers = [name for name in engine.raw.state_dict() if name not in found]
    return found | {name: _kept(engine.raw.get_buffer(name)) for name in buffers}


def _kept(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().clone()


def _trained(engine: Engine) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, p) for name, p in engine.raw.named_parameters() if p.requires_grad)


def _states(engine: Engine, *, keep: bool) -> States:
    read = _state_alike if engine.stage == 0 else _state_sharded
    found: States = {}
    for name, parameter in _trained(engine):
        state = read(engine, parameter)
        if keep:
            found[name] = {kind: _kept(tensor) for kind, tensor in state.items()}
    return found


def masters_here(optimizer: Any) -> list[Tensor]:
    """The flat float32 tensors that the optimizer trains in this process, at stages 1 to 3."""
    names = ("single_partition_of_fp32_groups", "fp32_partitioned_groups_flat")
    return next(list(getattr(optimizer, name)) for name in names if hasattr(optimizer, name))


def _steps(engine: Engine) -> int:
    steps = [int(state["step"]) for state in engine.optimizer.state.values() if "step" in state]
    return max(steps, default=0)


def _state_alike(engine: Engine, parameter: nn.Parameter) -> dict[str, Tensor]:
    master = _masters(engine).get(id(parameter))
    state = engine.optimizer.state.get(parameter if master is None else master, {})
    found = {kind: state[kind] for kind in MOMENTS if kind in state}
    return found if master is None else {MASTER: master, **found}


def _masters(engine: Engine) -> dict[int, Tensor]:
    """Float32 copies by the parameter that they are of; none for float32 weights."""
    if not hasattr(engine.optimizer, "master_parameters"):
        return {}
    parameters = [p for bucket in engine.optimizer.buckets for p in bucket]
    return {id(p): m for p, m in zip(parameters, engine.optimizer.master_parameters(), strict=True)}


def _state_sharded(engine: Engine, parameter: nn.Parameter) -> dict[str, Tensor]:
    from deepspeed.utils import safe_get_full_fp32_param, safe_get_full_optimizer_state

    found: dict[str, Any] = {}
    if parameter.dtype != torch.float32:
        found[MASTER] = safe_get_full_fp32_param(parameter)
    if _steps(engine):
        found |= {kind: safe_get_full_optimizer_state(parameter, kind) for kind in MOMENTS}
    return found


def _set_weights(engine: Engine, weights: dict[str, Tensor]) -> None:
    done: set[int] = set()
    for name, parameter in engine.raw.named_parameters(remove_duplicate=False):
        if id(parameter) not in done:
            done.add(id(parameter))
            with _whole(engine, parameter, changed=True), torch.no_grad():
                if parameter.numel():
                    parameter.data.copy_(weights[name])
    names = dict(engine.raw.named_parameters(remove_duplicate=False))
    for name in engine.raw.state_dict():
        if name not in names:
            engine.raw.get_buffer(name).copy_(weights[name])


def _set_states(engine: Engine, states: States, steps: int, weights: dict[str, Tensor]) -> None:
    """Moments are made first, as the optimizer's first step would make them."""
    if engine.stage == 0:
        trained = list(_masters(engine).values()) or [parameter for _, parameter in _trained(engine)]
    else:
        trained = masters_here(engine.optimizer)
    inner = _inner_states(engine)
    for tensor in trained if steps else ():
        owner = inner(tensor)
        owner[tensor] = {
            "step": torch.tensor(float(steps), device=tensor.device),
            **{kind: torch.zeros_like(tensor) for kind in MOMENTS},
        }
    if engine.stage in (1, 2) and steps:
        engine.optimizer._lazy_init_hp_params_optimizer_state()
    for name, parameter in _trained(engine):
        state = states[name]
        if engine.stage == 0:
            for kind, tensor in _state_alike(engine, parameter).items():
                tensor.data.copy_(state[kind])
        else:
            _set_sharded(engine, parameter, state, weights[name])


def _inner_states(engine: Engine) -> Any:
    """For a tensor that is trained, the dict that its optimizer keeps states in."""
    if hasattr(engine.optimizer, "inner"):  # a master optimizer is several
        owners = {
            id(master): optimizer.state
            for masters, optimizer in zip(engine.optimizer.masters, engine.optimizer.inner, strict=True)
            for master in masters
        }
        return lambda tensor: owners[id(tensor)]
    return lambda tensor: engine.optimizer.state


def _set_sharded(engine: Engine, parameter: nn.Parameter, state: dict[str, Tensor], weight: Tensor) -> None:
    """At stage 3 by shard, because DeepSpeed sets whole tensors only where the processes divide them evenly."""
    from deepspeed import utils

    device = parameter.device
    given = {MASTER: state.get(MASTER, weight), **{kind: state[kind] for kind in MOMENTS if kind in state}}
    for kind, whole in given.items():
        value = whole.to(device, torch.float32)
        if engine.sharded:
            value = _shard(value, engine.processes)
        if kind == MASTER:
            (utils.safe_set_local_fp32_param if engine.sharded else utils.safe_set_full_fp32_param)(parameter, value)
        elif engine.sharded:
            utils.safe_set_local_optimizer_state(parameter, value, kind)
        else:
            utils.safe_set_full_optimizer_state(parameter, value, kind)


def _shard(whole: Tensor, processes: Processes) -> Tensor:
    """This process's part of a tensor that is padded so that all have as much."""
    size = -(-whole.numel() // processes.size)
    padded = torch.nn.functional.pad(whole.flatten(), (0, size * processes.size - whole.numel()))
    return padded.narrow(0, size * processes.rank, size)
