"""What the planner is held against: the exact peak of tensor bytes in a real run on a CPU.

`python -m rlvr_bench.harness.planner.measure CONFIG.json OUT.json`, a fresh process for each run; of several processes,
started by torchrun, the most that one of them holds.  PyTorch's profiler reports every allocation of its CPU allocator
with what is held then, counted from before the models are built.  Temporary buffers inside of operations are in it,
memory of libraries is not.  The resident set is recorded too.
"""

from __future__ import annotations

import bisect
import ctypes
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from rlvr_bench.harness.config.load import from_dict
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.deepspeed.start import is_one_of_several, start
from rlvr_bench.harness.engines.processes import Processes
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.models.base import import_libraries
from rlvr_bench.harness.records import MetricsRow, Phase
from rlvr_bench.harness.training.loop import Trainer

MARK = "phase:"


class _Marked(Recorder):
    """A recorder whose phases are seen by the profiler."""

    @contextmanager
    def phase(self, name: Phase) -> Iterator[None]:
        with record_function(MARK + name), super().phase(name):
            yield


def measure(config: RunConfig, processes: Processes | None = None) -> dict[str, Any]:
    """Peak bytes of tensors by phase, after the first step, and the recorded metrics of the last step.

    Args:
        processes: each calls this; the first one's answer has the metrics, and the peaks of the process with most.
    """
    together = processes or Processes()
    torch.set_num_threads(1)
    import_libraries(config.model)
    count_every_thread()
    # What torch and transformers make once, on their first use, is no part of a step.
    with (
        tempfile.TemporaryDirectory() as name,
        profile(activities=[ProfilerActivity.CPU], profile_memory=True) as trace,
    ):
        row, states = _train(config, Path(name), together)
    every = together.all(peaks_of(trace))
    return {"phases": {p: max(one[p] for one in every) for p in every[0]}, "states": states, "row": row}


def count_every_thread() -> None:
    """Have the allocator count what all threads allocate and free, not those alone that the profiler follows.

    Tensors that processes send each other are freed by threads of gloo.  PyTorch has no function for this option.
    """
    library = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / "libc10.so"))
    ctypes.c_bool.in_dll(library, "FLAGS_caffe2_report_cpu_memory_usage").value = True


def _train(config: RunConfig, folder: Path, processes: Processes) -> tuple[MetricsRow, dict[str, Any]]:
    with (
        _Marked(torch.device("cpu"), config.measure.period_s, None) as meter,
        Trainer(config, folder, meter, processes=processes) as trainer,
    ):
        trainer.run()
        states = {role: vars(s) for role, s in trainer.learner.states().items()}
    if not processes.first:
        return {}, states
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return json.loads(lines[-1]), states


def peaks_of(trace: Any) -> dict[str, int]:
    """The most that was held in each phase; of a phase that came several times, in the last half of the times."""
    held: list[tuple[int, int]] = []  # (ns, bytes)
    spans: dict[str, list[tuple[int, int]]] = {}
    for event in _events(trace.profiler.kineto_results.experimental_event_tree()):
        if (total := getattr(event.extra_fields, "total_allocated", None)) is not None:
            held.append((event.start_time_ns, total))
        elif event.name.startswith(MARK):
            span = event.start_time_ns, event.end_time_ns
            spans.setdefault(event.name.removeprefix(MARK), []).append(span)
    held.sort(key=lambda one: one[0])
    return {
        phase: max(size for begin, end in sorted(times)[len(times) // 2 :] for size in _within(held, begin, end))
        for phase, times in spans.items()
    }


def _events(roots: list[Any]) -> Iterator[Any]:
    waiting = list(roots)
    while waiting:
        event = waiting.pop()
        yield event
        waiting.extend(event.children)


def _within(held: list[tuple[int, int]], begin: int, end: int) -> list[int]:
    """What was held at the beginning, and after each change until the end."""
    first, last = (bisect.bisect_left(held, at, key=lambda one: one[0]) for at in (begin, end + 1))
    return [size for _, size in held[max(0, first - 1) : last]] or [0]


if __name__ == "__main__":
    given, out = sys.argv[1:]
    config = from_dict(json.loads(Path(given).read_text()))
    several = start(config.launch.processes, torch.device("cpu")) if is_one_of_several() else Processes()
    found = measure(config, several)
    if several.first:
        Path(out).write_text(json.dumps(found, indent=1, sort_keys=True))
