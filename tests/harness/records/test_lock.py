"""One writer for a folder; the lock ends with its process."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rlvr_bench.harness.records import Locked, is_live, only_writer

HOLD = (
    "import sys, time; from pathlib import Path; from rlvr_bench.harness.records import only_writer\n"
    "with only_writer(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
)


def test_a_second_writer_is_told_who_writes_until_that_one_is_killed(tmp_path: Path) -> None:
    assert not is_live(tmp_path)
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        assert is_live(tmp_path)
        with (
            pytest.raises(Locked, match=rf"process {other.pid} on .* writes to it; wait for it"),
            only_writer(tmp_path),
        ):
            pytest.fail("two writers")
        other.kill()
    assert not is_live(tmp_path)
    with only_writer(tmp_path):
        assert is_live(tmp_path)
    assert not is_live(tmp_path)


def test_asking_whether_it_is_live_does_not_keep_a_writer_out(tmp_path: Path) -> None:
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            is_live(tmp_path)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(300):
            with only_writer(tmp_path):
                pass
    finally:
        stop.set()
        asking.join()
