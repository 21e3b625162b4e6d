"""Where data that do not belong to the project lie; a test that needs them skips where they are absent."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
from rlvr_bench.rewards.sandbox.sandbox import Sandbox, open_sandbox
from rlvr_bench.rewards.sandbox.tiers import Tier

ROOT = Path(__file__).parent.parent.parent
TIERS: tuple[Tier, ...] = ("bwrap", "landlock")


def shared_rows(name: str) -> list[dict[str, Any]]:
    """The rows of a file of shared data."""
    path = Path(os.environ.get("RLVR_BENCH_SHARED", ROOT.parent / "shared")) / "data" / name
    if not path.exists():
        pytest.skip(f"{name} is not in {path.parent}; RLVR_BENCH_SHARED names the folder above `data`")
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in data.splitlines()]


def open_tested(tier: Tier, **options: Any) -> Sandbox:
    """A sandbox of a tier that holds here; otherwise the test skips with what failed."""
    try:
        return open_sandbox((tier,), **options)
    except SandboxUnavailable as error:
        pytest.skip(f"tier {tier}: {error.failures[tier]}")
