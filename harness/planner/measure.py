"""What the planner is held against: the exact peak of tensor bytes in a real run on a CPU.

`python -m rlvr_bench.harness.planner.measure CONFIG.json OUT.json`, a fresh process for each run.  PyTorch's profiler
reports every allocation of its CPU allocator; their running sum, from before the models are built, is what tensors
hold.  Temporary buffers inside of operations are in it, memory of libraries is not.  The resident set is recorded too.
"""

from __future__ import annotations

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


def measure(config: RunConfig) -> dict[str, Any]:
    """Peak bytes of tensors by phase, after the first step, and the recorded metrics of the last step."""
    torch.set_num_threads(1)
    import_libraries(config.model)
    # What torch and transformers make once, on their first use, is no part of a step.
    with (
        tempfile.TemporaryDirectory() as name,
        profile(activities=[ProfilerActivity.CPU], profile_memory=True) as trace,
    ):
        row, states = _train(config, Path(name))
    return {"phases": peaks_of(trace), "states": states, "row": row}


def _train(config: RunConfig, folder: Path) -> tuple[MetricsRow, dict[str, Any]]:
    with (
        _Marked(torch.device("cpu"), config.measure.period_s, None) as meter,
        Trainer(config, folder, meter) as trainer,
    ):
        trainer.run()
        states = {role: vars(s) for role, s in trainer.learner.states().items()}
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return json.loads(lines[-1]), states


def peaks_of(trace: Any) -> dict[str, int]:
    """The most that was held in each phase; of a phase that came several times, in the last half of the times."""
    events = trace.profiler.kineto_results.events()
    changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    spans: dict[str, list[tuple[int, int]]] = {}
    for event in events:
        if event.name().startswith(MARK):
            span = event.start_ns(), event.start_ns() + event.duration_ns()
            spans.setdefault(event.name().removeprefix(MARK), []).append(span)
    held, sums = 0, []
    for at, size in changes:
        held += size
        sums.append((at, held))
    found = {}
    for phase, times in spans.items():
        late = sorted(times)[len(times) // 2 :]
        found[phase] = max(
            (held for begin, end in late for held in _within(sums, begin, end)),
            default=0,
        )
    return found


def _within(sums: list[tuple[int, int]], begin: int, end: int) -> list[int]:
    """What was held at the beginning, and after each change until the end."""
    import bisect

    first = bisect.bisect_left(sums, (begin, 0))
    last = bisect.bisect_right(sums, (end, 2**63))
    return [held for _, held in sums[max(0, first - 1) : last]]


if __name__ == "__main__":
    given, out = sys.argv[1:]
    found = measure(from_dict(json.loads(Path(given).read_text())))
    Path(out).write_text(json.dumps(found, indent=1, sort_keys=True))
