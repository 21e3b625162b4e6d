"""Sandboxes of the tests; a test skips where the machine does not offer its tier."""

from __future__ import annotations

from typing import Any

import pytest

from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
from rlvr_bench.rewards.sandbox.sandbox import Sandbox, open_sandbox
from rlvr_bench.rewards.sandbox.tiers import Tier

TIERS: tuple[Tier, ...] = ("bwrap", "landlock")


def open_tested(tier: Tier, **options: Any) -> Sandbox:
    """A sandbox of a tier that works here; otherwise the test skips and says what failed."""
    try:
        return open_sandbox((tier,), **options)
    except SandboxUnavailable as error:
        pytest.skip(f"tier {tier}: {error.failures[tier]}")


def reported(sandbox: Sandbox, body: str, *args: Any, seconds: float = 10.0) -> str:
    """What a function f with this body reports from inside."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return sandbox.call(f"import os, sys\ndef f(*args):\n{lines}\n", "f", args, seconds=seconds).notes.decode()
