"""Sandboxes of the tests; a test skips where the machine does not offer its tier."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from rlvr_bench.rewards.sandbox import tiers
from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
from rlvr_bench.rewards.sandbox.sandbox import Sandbox, open_sandbox
from rlvr_bench.rewards.sandbox.tiers import Tier
from tests import data

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


# `rlvr_bench` is made of folders at the top of the project, and is installed in ways that another user cannot read.
_ELSEWHERE = f"""
import sys, types
sys.modules["rlvr_bench"] = types.ModuleType("rlvr_bench")
sys.modules["rlvr_bench"].__path__ = [{str(data.ROOT)!r}]
sys.path.insert(0, {str(data.ROOT)!r})
"""
NOBODY = 65534


def run_as_nobody(program: str) -> str:
    """What a program prints that runs as a user without privileges: `nobody` where the tests run as root.

    The test skips where that user can read no Python or not the project.
    """
    if os.geteuid() != 0:
        return _printed([sys.executable], program)
    found = shutil.which("python3", path="/usr/local/bin:/usr/bin")
    for python in filter(None, (os.path.realpath(sys.executable), found)):
        # Its standard library must be readable too.
        command = [python, "-c", f"import sys, json; assert sys.version_info >= (3, 11); open({__file__!r})"]
        try:
            subprocess.run(
                command, user=NOBODY, group=NOBODY, extra_groups=[], check=True, capture_output=True, cwd="/"
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return _printed([python], program, user=NOBODY, group=NOBODY, extra_groups=[])
    pytest.skip("nobody can run no Python here that can read the project")


def _printed(command: list[str], program: str, **options: Any) -> str:
    path = [os.path.dirname(tiers._found("bwrap"))] if "bwrap" in program else []
    done = subprocess.run(
        [*command, "-c", _ELSEWHERE + program], capture_output=True, text=True, check=False, cwd="/",
        env=os.environ | {"PATH": os.pathsep.join([*path, os.environ["PATH"]])}, **options,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


_LIMITED = """
import json, resource
for name, value in LIMITS.items():
    resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
from rlvr_bench.rewards.code.verifier import CodeVerifier
call = {"type": "call", "entry": "f", "cases": [{"args": [], "want": 3}]}
stdio = {"type": "stdio", "cases": [{"stdin": "1 2", "stdout": "3"}]}
codes = ["def f(): return 3", "print(sum(map(int, input().split())))", "while True: pass", "x = bytearray(2 << 30)"]
with CodeVerifier(tiers=(TIER,), workers=1, time_limit_s=60.0) as verifier:
    completions = [f"```python\\n{code}\\n```" for code in codes]
    verdicts = verifier.verify(completions, [call, stdio, call, call], [None, None, 0.5, None])
print(json.dumps([verdict.outcome for verdict in verdicts]))
"""


def run_with_low_limits(tier: Tier, limits: dict[str, int]) -> list[str]:
    """Outcomes of a program that returns, one that prints, a busy loop and a hoard, under these hard limits."""
    return json.loads(_printed([sys.executable], f"TIER, LIMITS = {tier!r}, {limits!r}\n{_LIMITED}"))
