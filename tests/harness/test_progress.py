"""Bars: drawn on a terminal, absent elsewhere."""

from __future__ import annotations

import io
import re
import threading

import pytest
from rich.console import Console

from rlvr_bench.harness import progress as module
from rlvr_bench.harness.progress import bars, heartbeat, track


def drawn(
    *, terminal: bool, in_bytes: bool = False, width: int = 100, name: str = "part/[cell]", note: str = ""
) -> str:
    """What a bar at 3 of 8 [kB] writes."""
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width)
    scale = 1000 if in_bytes else 1
    with bars(console, in_bytes=in_bytes) as progress:
        task = progress.add_task(name, total=8 * scale, note=note)
        progress.advance(task, 3 * scale)
        progress.refresh()
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_terminal_shows_what_is_done_of_how_much() -> None:
    text = drawn(terminal=True)
    assert "part/[cell]" in text  # no markup
    assert "3/8" in text


def test_bytes_are_shown_in_their_units() -> None:
    assert "3.0/8.0 kB" in drawn(terminal=True, in_bytes=True)


def test_without_a_terminal_nothing_is_drawn() -> None:
    assert drawn(terminal=False).strip() == ""


def test_track_gives_the_items_and_says_at_the_end_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(iter("abc"), "letters", total=3)) == ["a", "b", "c"]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[-1].startswith("letters: 3 in ")


@pytest.mark.parametrize("width", [60, 80, 140])
def test_on_a_narrow_terminal_the_name_gives_way_and_the_numbers_stay(width: int) -> None:
    name, note = "learning/ppo-four-models/seed-1", "reward 0.531, pass@1 0.420"
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn(terminal=True, width=width, name=name, note=note))
    lines = re.split(r"[\r\n]+", plain)
    text = [line for line in lines if line.strip()][-1]
    assert max(map(len, lines)) <= width
    assert "3/8" in text
    assert note in text
    assert "-:--:--" in text  # how long it will take, which nobody knows yet
    assert text.startswith("learning/")


def test_off_a_terminal_there_is_a_line_from_time_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.01)
    heard, console = threading.Event(), Console(file=io.StringIO(), width=20)
    lines = iter(["step 1 of [many], a line that is longer than the console", "step 2"])

    def line() -> str:
        text = next(lines, "step 3")
        if text == "step 3":
            heard.set()
        return text

    with heartbeat(console, line):
        assert heard.wait(10)
    written = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert written[:2] == ["0 s: step 1 of [many], a line that is longer than the console", "0 s: step 2"]


def test_on_a_terminal_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.001)
    console = Console(file=io.StringIO(), force_terminal=True)
    with heartbeat(console, lambda: pytest.fail("asked")):
        threading.Event().wait(0.02)
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]
