"""The resident set of this process; that it rises and falls is in test_device.py."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from rlvr_bench.harness.meters.failures import Failures
from rlvr_bench.harness.meters.process.rss import RssSource

MIB = 1 << 20


def test_memory_is_the_resident_bytes_and_nothing_else_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil.Process, "memory_info", lambda _: SimpleNamespace(rss=1234))
    source = RssSource(Failures())
    reading = source.sample()
    assert (source.baseline, reading.memory) == (1234, 1234)
    assert (reading.utilization, reading.power, reading.throttled, source.energy_mj()) == (None,) * 4
    source.close()


def test_a_system_that_refuses_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "memory_info", refuse)
    failures = Failures()
    source = RssSource(failures)
    assert source.baseline is None
    assert failures.reasons["memory"].startswith("AccessDenied")


class Status:
    """What a Linux tells of a process; writing to `clear_refs` sets the peak back if it is obeyed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, obeyed: bool) -> None:
        self.folder, self.obeyed = folder, obeyed
        self.tell(peak=64 * MIB, now=32 * MIB)
        (folder / "clear_refs").touch()
        write = Path.write_bytes

        def watched(path: Path, data: bytes) -> int:
            if path.name == "clear_refs" and self.obeyed and data == b"5":
                self.tell(peak=self.now, now=self.now)
            return write(path, data)

        monkeypatch.setattr(Path, "write_bytes", watched)

    def tell(self, *, peak: int, now: int) -> None:
        self.now = now
        text = f"Name:\tpython\nVmPeak:\t  999999999 kB\nVmHWM:\t  {peak // 1024} kB\nVmRSS:\t  {now // 1024} kB\n"
        (self.folder / "status").write_text(text)


def test_an_edge_gives_the_peak_that_ends_and_what_the_next_begins_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, failures = Status(tmp_path, monkeypatch, obeyed=True), Failures()
    source = RssSource(failures, tmp_path)
    assert (source.kind, source.sampled) == ("rss_peak", False)
    status.tell(peak=90 * MIB, now=40 * MIB)
    assert [reading.memory for reading in source.edge()] == [90 * MIB, 40 * MIB]
    assert [reading.memory for reading in source.edge()] == [40 * MIB, 40 * MIB]
    (tmp_path / "status").write_text("Name:\tpython\n")
    assert [reading.memory for reading in source.edge()] == [None, None]
    assert failures.reasons == {"memory": "ValueError: no VmHWM: in status"}


def test_a_system_that_takes_the_command_and_does_nothing_is_sampled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Status(tmp_path, monkeypatch, obeyed=False)
    source = RssSource(Failures(), tmp_path)
    assert (source.kind, source.sampled) == ("rss", True)
    assert "writing to clear_refs does not reset VmHWM here" in source.memory_text


def test_a_system_without_the_file_is_sampled(tmp_path: Path) -> None:
    failures = Failures()
    source = RssSource(failures, tmp_path)
    assert (source.kind, source.sampled) == ("rss", True)
    assert "VmHWM cannot be reset here: FileNotFoundError" in source.memory_text
    one, other = source.edge()
    assert one == other and one.memory is not None and one.memory > 10 * MIB
    assert failures.reasons == {}, "sampling is a way to measure, not a failure"
