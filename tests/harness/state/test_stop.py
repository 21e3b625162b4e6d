"""Signals end a run after its step, a second one at once; a child ends with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rlvr_bench.harness.state.stop import PARENT, Ended, Interrupted, Stop, end_with_parent, raising

assert end_with_parent  # used by the script below


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_is_noted_and_the_handlers_come_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with Stop() as stop:
        assert stop.signal == 0
        os.kill(os.getpid(), number)
        assert stop.signal == number
    assert signal.getsignal(number) is before


def test_the_second_ends_at_once() -> None:
    code = (
        "import os, signal; from rlvr_bench.harness.state.stop import Stop\n"
        "with Stop():\n    os.kill(os.getpid(), 15); os.kill(os.getpid(), 2); print('still here')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert (ended.returncode, ended.stdout) == (130, b"")


def test_last_words_are_said_before_it(tmp_path: Path) -> None:
    said = tmp_path / "said"
    code = (
        "import os; from pathlib import Path; from rlvr_bench.harness.state.stop import Stop\n"
        f"with Stop(Path({str(said)!r}).touch):\n    os.kill(os.getpid(), 15); os.kill(os.getpid(), 15)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 143
    assert said.exists()


def test_before_the_first_step_nothing_is_finished() -> None:
    with Stop() as stop:
        stop.at_once = True
        with pytest.raises(Interrupted, match="SIGTERM before the first step"):
            signal.raise_signal(signal.SIGTERM)


def test_a_child_whose_parent_went_before_it_could_ask_ends() -> None:
    code = (
        "import time; from rlvr_bench.harness.state.stop import Stop, end_with_parent\n"
        "with Stop() as stop:\n    end_with_parent()\n    time.sleep(5)\n    print(stop.signal)"
    )
    gone = subprocess.Popen(["true"])
    gone.wait()
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, PARENT: str(gone.pid)}
    )
    assert ended.stdout == "15\n"


def test_in_a_command_a_signal_is_raised_with_its_exit_status() -> None:
    with raising(), pytest.raises(Ended) as ended:
        signal.raise_signal(signal.SIGTERM)
    assert ended.value.status == 143


def test_a_child_whose_parent_is_killed_ends(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    child = (
        "import sys, time; from pathlib import Path\n"
        "from rlvr_bench.harness.state.stop import Stop, end_with_parent\n"
        "end_with_parent()\n"
        f"Path({str(alive)!r}).touch()\n"
        "with Stop() as stop:\n"
        "    while not stop.signal: time.sleep(0.05)\n"
        f"Path({str(alive)!r}).unlink()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"]
    )
    wait_until(alive.exists)
    parent.kill()
    parent.wait()
    wait_until(lambda: not alive.exists())


def wait_until(true: object, seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.05)
