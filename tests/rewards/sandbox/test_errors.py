"""The error names each tier, what failed and the remedy."""

from __future__ import annotations

import os

import pytest

from rlvr_bench.rewards.sandbox.errors import ANYWHERE, EXIT_STATUS, LEAKS, REMEDIES, SandboxUnavailable


def test_each_tier_has_its_failure_and_its_remedy() -> None:
    error = SandboxUnavailable({"bwrap": "[Errno 2] no bwrap", "landlock": "code inside could fork"}, ["landlock"])
    assert error.failures == {"bwrap": "[Errno 2] no bwrap", "landlock": "code inside could fork"}
    _, *lines = str(error).splitlines()
    assert lines == [
        "  bwrap: [Errno 2] no bwrap", f"    remedy: {REMEDIES['bwrap']}",
        "  landlock: code inside could fork", f"    remedy: {LEAKS}",
    ]  # fmt: skip
    assert "apt-get install bubblewrap" in REMEDIES["bwrap"]


@pytest.mark.parametrize(
    ("failure", "sign"),
    [
        ("the process of a job could not be set up: OSError: memfd_create, ...: [Errno 38]", "memfd_create"),
        ("[Errno 28] No space left on device: '/dev/shm/rlvr-scratch-x1'", "rlvr-scratch-"),
        ("the cap on threads does not hold", "cap on threads"),
        ("bwrap: Creating new namespace failed: Resource temporarily unavailable", os.strerror(11)),
        ('the probe gave no answer: exit, status 0, b\'{"error": "memory", "detail": ""}\'', '"memory"'),
    ],
)
def test_what_has_nothing_to_do_with_the_tier_has_a_remedy_of_its_own(failure: str, sign: str) -> None:
    error = SandboxUnavailable({"landlock": failure}, ["landlock"])
    assert error.remedies == {"landlock": ANYWHERE[sign]}
    assert f"remedy: {ANYWHERE[sign]}" in str(error) and "Linux 5.19" not in str(error)


def test_the_exit_status_is_that_of_a_bad_configuration() -> None:
    assert EXIT_STATUS == 78
