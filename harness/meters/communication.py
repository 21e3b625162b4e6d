"""What the processes of a run send each other: bytes and calls of each collective operation, by phase.

Counted where DeepSpeed hands a tensor to the backend.  What the processes tell each other beside it, as pickled objects
(rollouts, metrics, whether to stop), goes another way and is not counted: its size follows the tokens and not the
models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from torch import Tensor

from rlvr_bench.harness.records import LEFT_OUT, MetricsRow, Phase

PASSES: dict[str, int] = {
    "all_reduce": 2,
    "all_reduce_coalesced": 2,
    "inference_all_reduce": 2,
    "reduce": 1,
    "reduce_scatter": 1,
    "reduce_scatter_tensor": 1,
    "all_gather": 1,
    "all_gather_into_tensor": 1,
    "all_gather_coalesced": 1,
    "all_to_all": 1,
    "all_to_all_single": 1,
    "broadcast": 1,
    "gather": 1,
    "scatter": 1,
}
"""How often a message goes round the ring: once it is reduced, once it is handed out.

With n processes each sends (n - 1) / n of the message a pass; of `reduce`, `broadcast`, `gather` and `scatter` that is
the mean over the processes.
"""

Call = tuple[str, str]  # phase and operation


class CommunicationMeter:
    """Counts the messages of one process.

    A message is the largest argument of the call: what is reduced, or the whole of what is gathered or scattered.

    Args:
        backend: whose collective operations are called as its attributes, by the names in PASSES; those that it has
            are replaced from `__enter__` to `__exit__`.
        size: how many processes there are.
    """

    def __init__(self, backend: Any, size: int) -> None:
        self._backend, self._size = backend, size
        self._phase: Phase | None = None
        self._replaced: list[str] = []
        self.reset()

    def __enter__(self) -> Self:
        for name in PASSES:
            if hasattr(self._backend, name):
                setattr(self._backend, name, self._counted(name, getattr(self._backend, name)))
                self._replaced.append(name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._replaced:
            delattr(self._backend, self._replaced.pop())  # the class's is there again

    def _counted(self, name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            if self._phase is not None:
                self._calls[self._phase, name] += 1
                self._bytes[self._phase, name] += max(map(size_of, (*args, *named.values())), default=0)
            return operation(*args, **named)

        return call

    def reset(self) -> None:
        self._calls: Counter[Call] = Counter()
        self._bytes: Counter[Call] = Counter()

    def begin(self, phase: Phase) -> None:
        self._phase = phase

    def end(self, phase: Phase) -> None:
        self._phase = None

    def row(self) -> MetricsRow:
        found: MetricsRow = {"cost/communication/sent": self._sent()}
        found |= {f"cost/communication/bytes/{phase}/{name}": n for (phase, name), n in self._bytes.items()}
        found |= {f"cost/communication/calls/{phase}/{name}": n for (phase, name), n in self._calls.items()}
        self.reset()
        return found

    def _sent(self) -> float:
        passed = sum(PASSES[name] * n for (phase, name), n in self._bytes.items() if phase not in LEFT_OUT)
        return passed * (self._size - 1) / self._size


def size_of(argument: Any) -> int:
    """Bytes of a tensor, or of a list of them; 0 of anything else."""
    if isinstance(argument, Tensor):
        return argument.numel() * argument.element_size()
    if isinstance(argument, Iterable) and not isinstance(argument, str):
        return sum(map(size_of, argument))
    return 0
