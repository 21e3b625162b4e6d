"""One model trained by several processes: DeepSpeed's ZeRO, with our AdamW, our clipping and our checkpoints.

What is otherwise than a DeepSpeed user may expect:
- Losses are divided by the counts of all processes, so gradients add up; DeepSpeed takes their mean, and each loss is
  multiplied by the number of processes before.
- A step whose gradient is not finite is left out for float32 and bfloat16 alike.
- At stage 3 every module is gathered when it is used and given up after: nothing stays because it is small or will soon
  be used again, and nothing is gathered ahead.  So memory and traffic are what the stage says, also for small models.
- At stage 0 with bfloat16, the float32 masters are those of `optim.MasterAdamW`.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rlvr_bench.harness.config.schema import EngineConfig
from rlvr_bench.harness.engines.deepspeed import consolidated
from rlvr_bench.harness.engines.deepspeed.parts import BUCKET
from rlvr_bench.harness.engines.optim import make_optimizer, set_lr
from rlvr_bench.harness.engines.processes import Processes
from rlvr_bench.harness.meters.states import count_parameters, role_states, storage_bytes, tensors_in
from rlvr_bench.harness.records import RoleStates

BETWEEN_STEPS = -1  # DeepSpeed's mark of an optimizer batch that has not begun


class DeepSpeedEngine:
    """Trains a module in all processes; see `types.TrainEngine`."""

    def __init__(self, module: nn.Module, choice: EngineConfig, processes: Processes) -> None:
        """
        Args:
            module: whole, and the same in every process; at stage 3 its weights are dealt out from here on.
        """
        import deepspeed

        self.raw, self.stage, self.processes = module, choice.stage, processes
        self.sharded = choice.stage == 3
        self.whole = copy.deepcopy(module) if self.sharded else module
        self._gathered: Any = None
        self._states: RoleStates | None = None
        trained = [p for p in module.parameters() if p.requires_grad]
        narrow = trained[0].dtype == torch.bfloat16
        optimizer: Any = (lambda _: make_optimizer(module)) if choice.stage == 0 else _adamw
        parameters: Any = trained
        self.inner: Any = deepspeed.initialize(
            model=module,
            model_parameters=parameters,
            optimizer=optimizer,
            config=settings(choice, numbers=count_parameters(trained), bfloat16=narrow),
            dist_init_required=False,
        )[0]
        self.module: nn.Module = self.inner
        self.optimizer: Any = self.inner.optimizer
        if self.sharded:
            register_heads(module)
            self.release()

    def backward(self, loss: Tensor, *, last: bool) -> None:
        self.inner.set_gradient_accumulation_boundary(last)
        self.inner.backward(loss * self.processes.size)

    def step(self, lr: float, max_norm: float) -> float:
        set_lr(self.optimizer, lr)
        gradients = 0 if self._states else self._gradient_bytes()
        norm = self._step_alike(max_norm) if self.stage == 0 else self._step_sharded(max_norm)
        if self._states is None and math.isfinite(norm):
            self._states = replace(role_states(self.raw, self._held(), trained=True), gradients=gradients)
        return norm

    def _step_alike(self, max_norm: float) -> float:
        """Every process has the whole gradient and takes the same step."""
        norm = float(nn.utils.clip_grad_norm_(self.raw.parameters(), max_norm))
        if math.isfinite(norm):
            self.inner.step()
        else:
            self.discard()
        return norm

    def _step_sharded(self, max_norm: float) -> float:
        self.optimizer.clip_grad = max_norm
        self.inner.step()
        return math.inf if self.optimizer.overflow else float(self.inner.get_global_grad_norm())

    def discard(self) -> None:
        if self.stage == 0:
            self.inner.zero_grad()
            return
        self.optimizer.zero_grad(set_to_none=True)
        if self.stage < 3:  # at stage 3 the next gradient is written over this one
            self.optimizer.micro_step_id = BETWEEN_STEPS
            for kept in (self.optimizer.averaged_gradients, self.optimizer.all_grad_tensors):
                kept.update(dict.fromkeys(kept))

    def gather(self) -> None:
        if self.sharded and self._gathered is None:
            self._gathered = _all_gathered(self.raw)
            self._gathered.__enter__()
            for mine, there in zip(self.whole.parameters(), self.raw.parameters(), strict=True):
                mine.data = there.data

    def release(self) -> None:
        if self.sharded:
            for parameter in self.whole.parameters():
                parameter.data = parameter.data.new_empty(1).expand(parameter.shape)  # a shape of one number
            if self._gathered is not None:
                self._gathered.__exit__(None, None, None)
                self._gathered = None

    def states(self) -> RoleStates:
        return self._states or role_states(self.raw, self._held(), trained=True)

    def _held(self) -> _Held:
        return _Held(self.optimizer, masters=self.stage > 0)

    def _gradient_bytes(self) -> int:
        kept = [p.grad for p in self.raw.parameters() if p.grad is not None]
        return storage_bytes([*kept, *tensors_in(dict(getattr(self.optimizer, "averaged_gradients", {})))], set())

    def weights(self) -> Iterator[tuple[str, Tensor]]:
        with _all_gathered(self.raw):
            yield from self.raw.state_dict().items()

    def save(self, folder: Path) -> None:
        consolidated.save(self, folder, self._states)

    def load(self, folder: Path) -> None:
        self._states = consolidated.load(self, folder)


class _Held:
    """The optimizer as `role_states` reads it: its states, and the float32 copies that it trains."""

    def __init__(self, optimizer: Any, *, masters: bool) -> None:
        self.state, self._optimizer, self._masters = optimizer.state, optimizer, masters

    def master_parameters(self) -> Iterator[Tensor]:
        if self._masters:
            yield from consolidated.masters_here(self._optimizer)
        elif hasattr(self._optimizer, "master_parameters"):
            yield from self._optimizer.master_parameters()


def deal_out(module: nn.Module, choice: EngineConfig) -> None:
    """Stage 3 of a model that is not trained: each process keeps its shard, and gathers a module when it is used."""
    import deepspeed

    numbers = count_parameters(module.parameters())
    narrow = next(module.parameters()).dtype == torch.bfloat16
    deepspeed.initialize(
        model=module, config=settings(choice, numbers=numbers, bfloat16=narrow), dist_init_required=False
    )
    register_heads(module)


def register_heads(module: nn.Module) -> None:
    """The output head is read where the losses are computed and not called as a module: DeepSpeed has to be told."""
    from deepspeed.runtime.zero.partition_parameters import register_external_parameter

    lm = getattr(module, "lm", None)
    head = getattr(module, "head", None) if lm is None else lm.get_output_embeddings()
    for parameter in head.parameters() if head is not None else ():
        register_external_parameter(module, parameter)


def _all_gathered(module: nn.Module) -> Any:
    import deepspeed

    return deepspeed.zero.GatheredParameters(list(module.parameters()))


def _adamw(parameters: Any) -> torch.optim.AdamW:
    return torch.optim.AdamW(parameters, weight_decay=0.0, fused=True)


def settings(choice: EngineConfig, *, numbers: int, bfloat16: bool) -> dict[str, Any]:
    """DeepSpeed's configuration.

    Args:
        numbers: parameters of the model.
        bfloat16: whether its weights are.
    """
    found: dict[str, Any] = {
        "train_micro_batch_size_per_gpu": 1,  # how many it is changes nothing: micro-batches are ours
        "gradient_accumulation_steps": 1,
        "steps_per_print": 2**31,
    }
    if choice.stage == 0:
        # Weights of any type are taken as they are; gradients travel in their type.
        return found | ({"communication_data_type": "bf16"} if bfloat16 else {})
    bucket = min(BUCKET, numbers)
    zero: dict[str, Any] = {"stage": choice.stage, "reduce_bucket_size": bucket, "allgather_bucket_size": BUCKET}
    if choice.offload != "none":
        zero["offload_optimizer"] = {"device": "cpu"}
    if choice.offload == "all":
        zero["offload_param"] = {"device": "cpu"}
    if choice.stage == 3:
        zero |= {
            "stage3_param_persistence_threshold": 0,
            "stage3_max_reuse_distance": 0,
            "stage3_prefetch_bucket_size": 0,
        }
    found |= {"zero_optimization": zero, "zero_force_ds_cpu_optimizer": False}
    return found | ({"bf16": {"enabled": True, "check_grad_overflow": True}} if bfloat16 else {})
