"""The limits of a child, as it sees them."""

from __future__ import annotations

import json

import pytest

from rlvr_bench.rewards.sandbox import confine
from rlvr_bench.rewards.sandbox.sandbox import Sandbox
from rlvr_bench.rewards.sandbox.tiers import Tier
from tests.rewards.sandboxes import TIERS, open_tested, reported, run_with_low_limits

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


@pytest.mark.parametrize(
    ("soft", "hard", "ceiling", "set_to"),
    [
        (9, 10, -1, (9, 10)),
        (9, 10, 10, (9, 10)),
        (9, 10, 5000, (9, 10)),
        (9, 10, 6, (5, 6)),  # the distance is kept: at the soft limit it can still be said what happened
        (64, 64, 30, (30, 30)),
        (0, 0, 0, (0, 0)),
        (9, 10, 0, (0, 0)),
    ],
)
def test_a_limit_is_within_what_the_process_may_set(
    soft: int, hard: int, ceiling: int, set_to: tuple[int, int]
) -> None:
    assert confine.within(soft, hard, ceiling) == set_to


@pytest.mark.parametrize("tier", TIERS)
def test_where_the_machine_allows_less_programs_get_that_and_right_ones_pass(tier: Tier) -> None:
    """With hard limits below what a job of 60 s would set."""
    open_tested(tier, workers=1).close()
    limits = {"CPU": 30, "NOFILE": 60, "FSIZE": 4 << 20, "AS": 400 << 20}
    assert run_with_low_limits(tier, limits) == ["pass", "pass", "timeout", "memory"]
