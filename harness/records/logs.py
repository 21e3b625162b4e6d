"""The growing files of a run, opened together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rlvr_bench.harness.records import disk
from rlvr_bench.harness.records.counts import EvaluationCounts, ManySamples
from rlvr_bench.harness.records.lines import Log, evaluation_line, metrics_line

NAMES = (
    "evaluations.jsonl.gz", "metrics.jsonl", "completions.jsonl.gz", "ladder.jsonl", "values.jsonl.gz", "many.jsonl.gz"
)  # fmt: skip


class RunLogs:
    """What a run writes step by step.  Opening them repairs what a killed run tore."""

    def __init__(self, folder: Path, *, writes: bool = True) -> None:
        """
        Args:
            writes: not so in a process that is not a run's first: nothing is opened, and what it is given is dropped.
        """
        self._folder, self._writes = folder, writes
        self._logs = {name: Log(folder / name) for name in NAMES} if writes else {}

    @property
    def repaired(self) -> list[str]:
        """Files of which a torn end was cut off, with its bytes."""
        return [f"{name}: {log.torn} bytes" for name, log in self._logs.items() if log.torn]

    def step(
        self,
        step: int,
        row: Mapping[str, float | int | None],
        *,
        counts: EvaluationCounts | None = None,
        completions: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """All of a step.  Counts first: then no line of metrics is without those it was computed from."""
        if not self._writes:
            return
        if counts is not None:
            self._logs["evaluations.jsonl.gz"].append([evaluation_line(counts)])
        self._logs["metrics.jsonl"].append([metrics_line(step, row)])
        self._logs["completions.jsonl.gz"].append(completions)

    def ladder(self, row: Mapping[str, Any]) -> None:
        """A line of ladder.jsonl."""
        if self._writes:
            self._logs["ladder.jsonl"].append([row])

    def values(self, row: Mapping[str, Any]) -> None:
        """A line of values.jsonl.gz."""
        self._logs["values.jsonl.gz"].append([row])

    def many(self, found: ManySamples) -> None:
        """A line of many.jsonl.gz."""
        self._logs["many.jsonl.gz"].append([asdict(found)])

    def lengths(self) -> dict[str, int]:
        """Bytes of each file, which are on the disk when this returns."""
        for log in self._logs.values():
            disk.sync(log.path)
        return {name: log.length for name, log in self._logs.items()}

    def set_aside(self) -> None:
        """Begin again: what is there goes into a folder of its own, so that nothing is lost."""
        full = [log for log in self._logs.values() if log.length]
        if full:
            place = disk.new_folder(self._folder, "try-")
            for log in full:
                disk.rename(log.path, place / log.path.name)
        self._logs = {name: Log(self._folder / name) for name in self._logs}

    def cut(self, lengths: Mapping[str, int]) -> None:
        """Go back to these lengths: what came after a checkpoint is done again."""
        for name, log in self._logs.items():
            log.cut(lengths.get(name, 0))
