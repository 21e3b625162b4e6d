"""A second train engine: two trainers in two threads, each with models of its own, train as one.

What data parallelism needs of an engine, without processes or devices: rollouts are joined in memory, and gradients
are added up when the last micro-batch of an optimizer batch is through.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from rlvr_bench.algorithms.types import BatchCounts, Rollout
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.torch_engine import TorchEngine
from rlvr_bench.harness.meters.recorder import Recorder
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


class OneOfTwo(TorchEngine):
    """Adds its gradients to those of the other before each step."""

    size = SIZE

    def __init__(self, module: nn.Module, *, rank: int, exchange: Exchange) -> None:
        super().__init__(module)
        self.rank, self.exchange = rank, exchange

    def backward(self, loss: Tensor, *, last: bool) -> None:
        super().backward(loss, last=last)
        if last:
            trained = [p for p in self.module.parameters() if p.requires_grad]
            gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
            for parameter, pair in zip(trained, zip(*self.exchange(self.rank, gradients), strict=True), strict=True):
                parameter.grad = pair[0] + pair[1]

    def gather(self, rollout: Rollout) -> Rollout:
        return joined(self.exchange(self.rank, rollout))


def joined(parts: Sequence[Rollout]) -> Rollout:
    """One rollout of several, padded to the widest: prompts on the left, all else on the right."""
    found: dict[str, Any] = {}
    for name in (f.name for f in fields(Rollout)):
        values = [getattr(part, name) for part in parts]
        if isinstance(values[0], Tensor):
            width = max(v.shape[-1] for v in values)
            if values[0].ndim == 2:
                sides = ((width - v.shape[1], 0) if "prompt" in name else (0, width - v.shape[1]) for v in values)
                values = [pad(v, side) for v, side in zip(values, sides, strict=True)]
            found[name] = torch.cat(values)
    counts = [part.counts for part in parts]
    whole = BatchCounts(sum(c.sequences for c in counts), sum(c.tokens for c in counts), counts[0].max_tokens)
    return replace(parts[0], **found, counts=whole)


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
                engine = partial(OneOfTwo, rank=rank, exchange=exchange)
                patch.setattr(loop, "train_engine", lambda name, engine=engine: engine)
            meter = stack.enter_context(Recorder(CPU, settings.measure.period_s))
            # One after the other: random weights come from the one generator of this process.
            trainer = stack.enter_context(Trainer(settings, folder, meter))
            if seen is not None:
                seen(rank, trainer)
            found.append(Trained(trainer, []))
        side_by_side([partial(_steps, one, steps) for one in found], exchange.barrier)
    return found


def _steps(one: Trained, steps: int) -> None:
    for step in range(1, steps + 1):
        one.rows.append(one.trainer.step(step))
        one.trainer.meter.finish_step()


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
