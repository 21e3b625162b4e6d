"""Bars: drawn on a terminal, absent elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from rlvr_bench.harness.progress import bars, track


def drawn(*, terminal: bool, in_bytes: bool = False) -> str:
    """What a bar at 3 of 8 [kB] writes."""
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100)
    scale = 1000 if in_bytes else 1
    with bars(console, in_bytes=in_bytes) as progress:
        task = progress.add_task("part/[cell]", total=8 * scale)
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
