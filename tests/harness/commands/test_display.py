"""What is shown while runs work: on a terminal, and where there is none."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rlvr_bench.harness import progress
from rlvr_bench.harness.commands import display
from rlvr_bench.harness.commands.display import SuiteDisplay, run_with_display, train_display, waiting
from rlvr_bench.harness.config.suite_file import RunPlan
from rlvr_bench.harness.progress import bars
from rlvr_bench.harness.records import RunLogs
from rlvr_bench.harness.runs.suite import RunEnd
from tests.harness.small_runs import config
from tests.rewards.waiting import wait_until


def planned(*cells: str) -> list[RunPlan]:
    return [RunPlan("p", cell, config(train={"steps": 8}), 60.0) for cell in cells]


@contextmanager
def shown(runs: int, out: Path = Path("nowhere")) -> Iterator[tuple[SuiteDisplay, Any]]:
    """A display on a terminal of its own, and a function for what its bars say now."""
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with bars(console) as drawn:
        yield (
            SuiteDisplay(console, drawn, out, runs),
            lambda: [
                (f"{task.description}  {task.fields.get('note', '')}".rstrip(), task.completed, task.total)
                for task in drawn.tasks
            ],
        )


def test_each_run_in_progress_has_a_bar_as_long_as_it_is_in_progress() -> None:
    a, b, c = planned("a", "b", "c")
    with shown(3) as (show, now):
        show.watch([(a, 0), (b, 3)])
        assert now() == [("suite", 0, 3), ("p/a/seed-1  loading", 0, 8), ("p/b/seed-1", 3, 8)]
        show.done(RunEnd(b, "completed", "", 5.0, skipped=False))
        show.watch([(a, 1), (c, 0)])
        assert now() == [("suite", 1, 3), ("p/a/seed-1", 1, 8), ("p/c/seed-1  loading", 0, 8)]
        show.watch([(a, 9)])  # the records' lines, with that of the evaluation before training
        assert now() == [("suite", 1, 3), ("p/a/seed-1", 8, 8)]
        show.watch([])
        assert now() == [("suite", 1, 3)]


def test_every_end_is_a_line_and_what_did_not_complete_is_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    a, b, c = planned("a", "b", "c")
    given: dict[str, Any] = {}

    def run_suite(out: Path, runs: Any, *, watch: Any, done: Any, notice: Any, **options: Any) -> None:
        given.update(options, out=out, runs=runs)
        notice("making 1 base model [shared]")
        watch([(a, 1)])
        done(RunEnd(a, "completed", "", 61.4, skipped=True))
        done(RunEnd(b, "oom", "tried to allocate [2 GiB]", 3.0, skipped=False))
        done(RunEnd(c, "completed", "", 2.6, skipped=False))

    monkeypatch.setattr(display, "run_suite", run_suite)
    assert run_with_display(tmp_path, [a, b, c], jobs=2, devices=("0",)) == 1
    assert given == {"out": tmp_path, "runs": [a, b, c], "jobs": 2, "devices": ("0",), "executor": None}
    assert capsys.readouterr().err.splitlines() == [
        f"3 runs -> {tmp_path}",
        "making 1 base model [shared]",
        "completed p/a/seed-1  finished before",
        "oom       p/b/seed-1  3 s: tried to allocate [2 GiB]",
        "completed p/c/seed-1  3 s",
    ]


def write_steps(run: Path) -> None:
    """An evaluation and a step."""
    run.mkdir(parents=True, exist_ok=True)
    logs = RunLogs(run)
    logs.step(0, {"eval/pass@1": 0.25})
    logs.step(1, {"rollout/reward_mean": 0.5})


def test_a_bar_says_reward_and_accuracy(tmp_path: Path) -> None:
    (a,) = planned("a")
    write_steps(tmp_path / a.folder)
    with shown(1, tmp_path) as (show, now):
        show.watch([(a, 2)])
        assert now()[1] == ("p/a/seed-1  reward 0.500, pass@1 0.250", 2, 8)


def test_a_plain_line_says_what_is_done_and_where_the_runs_are(tmp_path: Path) -> None:
    runs = planned("a", "b", "c", "d", "e", "f")
    write_steps(tmp_path / runs[0].folder)
    with shown(9, tmp_path) as (show, _):
        show.notice("making 1 warm start")
        assert show.line() == "0 of 9 runs ended; making 1 warm start"
        show.done(RunEnd(runs[5], "completed", "", 5.0, skipped=False))
        show.watch([(run, 0) for run in runs[:2]])
        assert show.line() == (
            "1 of 9 runs ended; p/a/seed-1: step 1 of 8, reward 0.500, pass@1 0.250; p/b/seed-1: loading"
        )
        show.watch([(run, 0) for run in runs])
        assert show.line().endswith("p/d/seed-1: loading; and 2 more")


def test_off_a_terminal_a_run_is_told_from_time_to_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "BEAT_SECONDS", 0.01)
    write_steps(tmp_path / "run")
    told: list[str] = []

    def heard() -> bool:
        told.append(capsys.readouterr().err)
        return "step 1 of 3" in "".join(told)

    with train_display(tmp_path / "run", 3):
        wait_until(heard)
    with waiting("making what the run starts from"):
        told.clear()
        wait_until(
            lambda: told.append(capsys.readouterr().err) or "s: making what the run starts from" in "".join(told)
        )


class Watched:
    """Replaces `Progress`; keeps the counts that it is given."""

    def __init__(self) -> None:
        self.completed: list[int] = []
        self.notes: list[str] = []

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None: ...

    def add_task(self, description: str, total: int) -> int:
        assert (description, total) == ("train", 3)
        return 0

    def update(self, task: int, *, note: str, completed: int) -> None:
        self.completed.append(completed)
        self.notes.append(note)


def test_a_run_in_this_process_is_followed_by_its_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    watched = Watched()
    monkeypatch.setattr(display, "FOLLOW_SECONDS", 0.001)
    monkeypatch.setattr(display, "bars", lambda console: watched)
    with train_display(tmp_path, 3):
        wait_until(lambda: watched.completed)
        write_steps(tmp_path)
        wait_until(lambda: watched.completed[-1] == 2)
    assert set(watched.completed) == {0, 2}
    assert (watched.notes[0], watched.notes[-1]) == ("", "reward 0.500, pass@1 0.250")
    assert capsys.readouterr().err.endswith(" s\n")


def test_an_error_in_the_run_ends_the_bar_and_goes_on(tmp_path: Path) -> None:
    with pytest.raises(KeyError), train_display(tmp_path, 3):
        raise KeyError
