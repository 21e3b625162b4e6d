"""The protocol that runs jobs: endings as they come, and nothing left behind."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from rlvr_bench.harness.runs.jobs import Ending, Job, run_on


class Two:
    """Ends one job a look, the last first."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.cancelled = 0

    def submit(self, jobs: Sequence[Job]) -> None:
        self.jobs += jobs

    def left(self) -> bool:
        return bool(self.jobs)

    def running(self) -> list[Job]:
        return list(self.jobs)

    def ended(self) -> list[Ending]:
        return [Ending(self.jobs.pop(), 0, False, 1.0)]

    def cancel(self) -> None:
        self.cancelled += 1


JOBS = [Job(name, "module", [], Path(name)) for name in "ab"]


def test_all_endings_are_told_and_what_runs_is_shown() -> None:
    executor, seen = Two(), []
    ended = list(run_on(executor, JOBS, lambda running: seen.append([job.name for job in running])))
    assert [ending.job.name for ending in ended] == ["b", "a"]
    assert seen == [["a", "b"], ["a"]]
    assert executor.cancelled == 1


def test_it_is_cancelled_when_the_caller_goes_away() -> None:
    executor = Two()
    endings = run_on(executor, JOBS)
    assert isinstance(endings, Generator)
    next(endings)
    with pytest.raises(KeyboardInterrupt):
        endings.throw(KeyboardInterrupt)
    assert (executor.cancelled, [job.name for job in executor.jobs]) == (1, ["a"])


def test_the_last_line_of_a_log(tmp_path: Path) -> None:
    job = Job("a", "module", [], tmp_path / "log")
    job.log.write_text("")
    assert Ending(job, 1, False, 0.0).last_line == "no reason given"
    job.log.write_text("words\nmore\n\n")
    assert Ending(job, 1, False, 0.0).last_line == "more"
