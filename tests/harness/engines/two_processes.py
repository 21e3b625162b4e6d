"""A second train engine: two trainers in two threads, each with models of its own, train as one.

What data parallelism needs of an engine, without processes or devices: rollouts are joined in memory, and gradients
are added up when the last micro-batch of an optimizer batch is through.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rlvr_bench.algorithms.types import Role
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.processes import Processes
from rlvr_bench.harness.engines.torch_engine import TorchEngine
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.models.roles import TRAINED
from rlvr_bench.harness.records import MetricsRow
from rlvr_bench.harness.training import loop
from rlvr_bench.harness.training.loop import Trainer
from tests.harness.small_runs import CPU

SIZE = 2


class Exchange:
    """Each of the two puts something in, and both get both, in the order of their ranks."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(SIZE, timeout=60)
        self.given: list[Any] = [None] * SIZE

    def __call__(self, rank: int, value: Any) -> list[Any]:
        self.given[rank] = value
        self.barrier.wait()
        found = list(self.given)
        self.barrier.wait()  # nobody puts the next thing in before both have read
        return found


@dataclass(frozen=True)
class Pair(Processes):
    """One of the two."""

    exchange: Exchange = field(default_factory=Exchange)

    def all(self, value: Any) -> list[Any]:
        return self.exchange(self.rank, value)


class OneOfTwo(TorchEngine):
    """Adds its gradients to those of the other before each step."""

    def __init__(self, module: nn.Module, pair: Pair) -> None:
        super().__init__(module)
        self.pair = pair

    def backward(self, loss: Tensor, *, last: bool) -> None:
        super().backward(loss, last=last)
        if last:
            trained = [p for p in self.module.parameters() if p.requires_grad]
            gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
            for parameter, both in zip(trained, zip(*self.pair.all(gradients), strict=True), strict=True):
                parameter.grad = both[0] + both[1]


def engines_of(models: Mapping[Role, nn.Module], choice: object, pair: Pair) -> dict[Role, OneOfTwo]:
    """In the place of `make_engines`."""
    return {role: OneOfTwo(model, pair) for role, model in models.items() if role in TRAINED}


@dataclass(frozen=True)
class Trained:
    """One of the two, or the only one, when it is through."""

    trainer: Trainer
    rows: list[MetricsRow]


def train(
    settings: RunConfig, folder: Path, steps: int, patch: pytest.MonkeyPatch, *, size: int, seen: Any = None
) -> list[Trained]:
    """`steps` steps by so many processes.

    Args:
        seen: called with rank and trainer before the first step.
    """
    exchange, found = Exchange(), []
    with ExitStack() as stack:
        for rank in range(size):
            if size > 1:
                patch.setattr(loop, "make_engines", engines_of)
            meter = stack.enter_context(Recorder(CPU, settings.measure.period_s))
            # One after the other: random weights come from the one generator of this process.
            pair = Pair(rank, size, exchange) if size > 1 else Processes()
            trainer = stack.enter_context(Trainer(settings, folder, meter, processes=pair))
            if seen is not None:
                seen(rank, trainer)
            found.append(Trained(trainer, []))
        side_by_side([partial(_steps, one, steps) for one in found], exchange.barrier)
    return found


def _steps(one: Trained, steps: int) -> None:
    for step in range(1, steps + 1):
        one.rows.append(one.trainer.step(step))
        one.rows[-1] |= one.trainer.meter.finish_step()


def side_by_side(jobs: Sequence[Callable[[], None]], barrier: threading.Barrier) -> None:
    """Each in a thread; the first error of any, once all are through."""
    errors: list[BaseException] = []

    def guarded(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            errors.append(error)
            barrier.abort()  # the other waits for nobody

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise next((e for e in errors if not isinstance(e, threading.BrokenBarrierError)), errors[0])
