"""The limits of a child, as it sees them."""

from __future__ import annotations

import json

import pytest

from rlvr_bench.rewards.sandbox import confine
from rlvr_bench.rewards.sandbox.sandbox import Sandbox
from tests.rewards.sandboxes import reported

LIMITS = "import resource\nreturn [list(resource.getrlimit(getattr(resource, 'RLIMIT_' + name))) for name in args]"


def test_every_limit_is_set(sandbox: Sandbox) -> None:
    memory, files, size = sandbox.memory_bytes, confine.MAX_DESCRIPTORS, confine.MAX_FILE_BYTES
    limits = {
        "AS": [memory, memory + confine.REPORT_RESERVE],
        "NOFILE": [files, files],
        "FSIZE": [size, size],
        "CPU": [9, 10],  # 7 s of wall clock and 2 or 3 more
        "CORE": [0, 0],
    }
    assert json.loads(reported(sandbox, LIMITS, *limits, seconds=7.0)) == {"values": [list(limits.values())]}


@pytest.mark.parametrize("name", ["AS", "NOFILE", "FSIZE", "CPU"])
def test_no_limit_can_be_raised(sandbox: Sandbox, name: str) -> None:
    body = f"import resource\nw = resource.RLIMIT_{name}\ntry:\n    resource.setrlimit(w, (-1, -1))\n"
    assert reported(sandbox, body + "except (OSError, ValueError):\n    return 'refused'") == '{"values": ["refused"]}'
