"""Sandboxes of the tests; a test skips where the machine does not offer its tier."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rlvr_bench.rewards.sandbox import tiers
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


def pin(monkeypatch: pytest.MonkeyPatch, *changes: tuple[str, str]) -> None:
    """From now on workers get their modules with these texts replaced: an older kernel, a call that is missing."""
    real = tiers._boot

    def boot(config: dict[str, Any]) -> bytes:
        sent = json.loads(real(config)[8:])
        for old, new in changes:
            holders = [module for module in sent["modules"] if old in module[1]]
            assert len(holders) == 1, f"{len(holders)} modules contain {old!r}"
            holders[0][1] = holders[0][1].replace(old, new)
        data = json.dumps(sent).encode("ascii")
        return len(data).to_bytes(8, "big") + data

    monkeypatch.setattr(tiers, "_boot", boot)
