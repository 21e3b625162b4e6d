"""Calls that fail: None, a reason, and one warning."""

from __future__ import annotations

import logging

import pytest

from rlvr_bench.harness.meters.failures import Failures


def raises() -> int:
    raise OSError("the GPU is lost")


def test_an_answer_is_passed_on() -> None:
    failures = Failures()
    assert failures.ask("power", lambda: 3) == 3
    assert failures.reasons == {}


def test_a_quantity_that_failed_is_not_asked_for_again(caplog: pytest.LogCaptureFixture) -> None:
    failures = Failures()
    assert failures.ask("power", raises) is None
    assert failures.ask("power", lambda: pytest.fail("asked again")) is None
    assert failures.reasons == {"power": "OSError: the GPU is lost"}
    assert failures.ask("energy", lambda: 5) == 5  # another quantity


def test_the_first_reason_is_kept_and_one_warning_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    failures = Failures()
    failures.add("power", "first")
    failures.add("power", "second")
    failures.ask("energy", raises)
    assert failures.reasons == {"power": "first", "energy": "OSError: the GPU is lost"}
    (warning,) = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warning.startswith("power is not measured: first")


def test_an_interrupt_is_no_failure() -> None:
    def interrupt() -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Failures().ask("power", interrupt)
