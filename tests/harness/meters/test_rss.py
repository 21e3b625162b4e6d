"""The resident set of this process; that it rises and falls is in test_device.py."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest

from rlvr_bench.harness.meters.failures import Failures
from rlvr_bench.harness.meters.rss import RssSource


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
