"""`rlvr-bench watch`: curves as text, and an end when the run ends."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from rlvr_bench.harness.commands.runs import watch as module
from rlvr_bench.harness.commands.runs.watch import curve, ended, picture, points_of, sparkline
from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.records import RunLogs, Summary, only_writer, write_json
from tests.harness.cli_calls import call


def summary(status: str) -> Summary:
    return Summary(status, "", "", "", 1, "hash", "t", 1.0, 2)  # type: ignore[arg-type]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with an evaluation and three of eight steps."""
    write_json(tmp_path / "config.json", {"config": {"train": {"steps": 8}}})
    logs = RunLogs(tmp_path)
    logs.step(0, {"eval/pass@1": 0.25})
    for step, reward in enumerate((0.0, 0.5, 1.0), start=1):
        logs.step(step, {"rollout/reward_mean": reward, "train/entropy": None})
    return tmp_path


@pytest.mark.parametrize(
    ("values", "width", "line"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"),
        ([5, 5, 5], 8, "▁▁▁"),
        ([0, 0, 7, 7], 2, "▁█"),  # the means of the two halves
        ([1], 8, "▁"),
        ([0, -7], 8, "█▁"),
    ],
)
def test_a_value_is_as_high_as_it_is_great(values: list[float], width: int, line: str) -> None:
    assert sparkline(values, width) == line


def test_a_picture_has_a_line_for_each_metric_that_the_run_has(run: Path) -> None:
    title, reward, accuracy = picture(run, 100).plain.splitlines()
    assert title == f"{run}  starting, step 3 of 8"[:100]
    assert reward == "rollout/reward_mean   ▁▅█  1  [0, 1]"
    assert accuracy == "eval/pass@1           ▁  0.25  [0.25, 0.25]"


@pytest.mark.parametrize("width", [60, 79, 80, 140])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    points = [(step, -1.23456e-5 * step) for step in range(1000)]
    line = curve("train/kl_to_reference", points, width)
    assert len(line) <= width
    assert "-0.01233" in line


def test_what_is_null_is_no_point() -> None:
    assert points_of([{"step": 1, "a": None}, {"step": 2, "a": 3}, {"step": 3}], "a") == [(2, 3.0)]


def test_it_ends_with_the_run(run: Path) -> None:
    assert not ended(run)  # no summary yet
    write_json(run / "summary.json", summary("running"))
    assert ended(run)  # its process is gone
    with only_writer(run):
        assert not ended(run)
    write_json(run / "summary.json", summary("completed"))
    assert ended(run)


def test_once_and_off_a_terminal_it_is_drawn_once(run: Path) -> None:
    for words in (("watch", str(run), "--once"), ("watch", str(run))):
        status, out, _ = call(*words)
        assert (status, out.count("rollout/reward_mean")) == (0, 1)


def test_on_a_terminal_it_follows_the_run(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REFRESH_SECONDS", 0.01)
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal
    drawn = module.picture
    seen: list[str] = []

    def picture_and_next(folder: Path, width: int) -> object:
        seen.append(drawn(folder, 200).plain)
        if len(seen) == 3:
            write_json(run / "summary.json", summary("completed"))
        return drawn(folder, width)

    monkeypatch.setattr(module, "picture", picture_and_next)
    thread = threading.Thread(target=module.watch, args=(run,), daemon=True)
    thread.start()
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert "starting" in seen[0]
    assert len(seen) >= 4
    assert "completed" in seen[-1]


def test_a_folder_of_a_suite_names_the_runs_in_it(tmp_path: Path) -> None:
    for cell in ("a", "b"):
        folder = tmp_path / "p" / cell / "seed-1"
        folder.mkdir(parents=True)
        write_json(folder / "config.json", {})
    with pytest.raises(UserError, match=r"holds no run .*name one in it, such as .*p/a/seed-1, .*p/b/seed-1"):
        call("watch", str(tmp_path))
    with pytest.raises(UserError, match="give a run folder"):
        call("watch", str(tmp_path / "nowhere"))
