"""The error names each tier, what failed and the remedy."""

from __future__ import annotations

from rlvr_bench.rewards.sandbox.errors import EXIT_STATUS, LEAKS, REMEDIES, SandboxUnavailable


def test_each_tier_has_its_failure_and_its_remedy() -> None:
    error = SandboxUnavailable({"bwrap": "[Errno 2] no bwrap", "landlock": "code inside could fork"}, ["landlock"])
    assert error.failures == {"bwrap": "[Errno 2] no bwrap", "landlock": "code inside could fork"}
    _, *lines = str(error).splitlines()
    assert lines == [
        "  bwrap: [Errno 2] no bwrap", f"    remedy: {REMEDIES['bwrap']}",
        "  landlock: code inside could fork", f"    remedy: {LEAKS}",
    ]  # fmt: skip
    assert "apt-get install bubblewrap" in REMEDIES["bwrap"]


def test_the_exit_status_is_that_of_a_bad_configuration() -> None:
    assert EXIT_STATUS == 78
