"""The pace of new threads, with the kernel's announcements."""

from __future__ import annotations

import contextlib
import json
import time

import pytest

from rlvr_bench.rewards.sandbox.sandbox import Sandbox, open_sandbox
from rlvr_bench.rewards.workers import pacing
from tests.rewards.sandboxes import TIERS, pin, reported

# A wait long after the first few, so that the clock tells whether it was made.
SLOW = (f"PAUSE_SECONDS = {pacing.PAUSE_SECONDS}", "PAUSE_SECONDS = 0.02")
START = (
    "import threading, time\nbegin = time.monotonic()\nfor _ in range(args[0]):\n"
    "    thread = threading.Thread(target=int)\n    thread.start()\n    thread.join()\nreturn time.monotonic() - begin"
)


def seconds(sandbox: Sandbox, threads: int) -> float:
    (took,) = json.loads(reported(sandbox, START, threads))["values"]
    return took


@pytest.mark.parametrize("tier", TIERS)
def test_threads_come_at_once_and_then_slowly_and_each_job_begins_anew(tier, monkeypatch: pytest.MonkeyPatch) -> None:
    pin(monkeypatch, SLOW)
    with contextlib.closing(open_sandbox((tier,), workers=1)) as sandbox:
        assert seconds(sandbox, pacing.AT_ONCE + 20) >= 0.4
        assert seconds(sandbox, pacing.AT_ONCE - 10) < 0.4
        assert seconds(sandbox, pacing.AT_ONCE + 20) >= 0.4


def test_a_job_cannot_set_its_own_pace(sandbox: Sandbox) -> None:
    """The listener of the announcements is an open file of the worker; its child has none but its own pipes."""
    body = (
        "found = []\nfor descriptor in range(3, 64):\n    try: found.append(os.fstat(descriptor).st_mode & 0o170000)\n"
    )
    body += "    except OSError: pass\nreturn found"
    assert reported(sandbox, body) == f'{{"values": [[{0o010000}]]}}'  # the notes


def test_without_announcements_the_cap_still_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a kernel before Linux 5.5."""
    pin(monkeypatch, ("_SET_MODE_FILTER, _NEW_LISTENER = 1, 8", "_SET_MODE_FILTER, _NEW_LISTENER = 1, 1 << 30"))
    for tier in TIERS:
        with contextlib.closing(open_sandbox((tier,), workers=1)) as sandbox:
            start = "import threading, time\nthreading.stack_size(1 << 15)\n"
            start += "for _ in range(400): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
            start += "time.sleep(9)"
            assert sandbox.call(f"def f(): pass\n{start}", "f", [], seconds=9.0).end == "threads"


def test_threads_of_a_job_that_is_killed_do_not_hold_up_the_next(sandbox: Sandbox) -> None:
    start = "import threading\nwhile True: threading.Thread(target=int).start()"
    for _ in range(3):
        assert sandbox.call(start, "f", [], seconds=0.3).end in ("timeout", "threads")
        begin = time.monotonic()
        assert reported(sandbox, "return 1") == '{"values": [1]}'
        assert time.monotonic() - begin < 5
