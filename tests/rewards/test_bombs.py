"""A program that takes all process ids harms nobody else's verdict, and earns nothing itself."""

from __future__ import annotations

import json
import platform

import pytest

from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.sandbox.tiers import Tier
from tests.rewards.bombs import ADD, CLONE_BOMB, GOOD, block
from tests.rewards.sandboxes import NOBODY, TIERS, open_tested, run_as_nobody

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the bomb is machine code for x86-64")


@pytest.mark.parametrize("tier", TIERS)
def test_a_thread_bomb_is_killed_and_honest_programs_beside_it_pass(tier: Tier) -> None:
    open_tested(tier, workers=1).close()
    bomb, good = f"{CLONE_BOMB}\nbomb(4000)\n{GOOD}", GOOD
    codes = [f"{bomb if i % 3 == 0 else good}\n#{i}" for i in range(12)]
    with CodeVerifier(tiers=(tier,), workers=2, time_limit_s=5.0) as verifier:
        verdicts = verifier.verify([block(code) for code in codes], [ADD] * 12)
        assert verifier.retries == 0
    assert [(v.outcome, v.detail) for v in verdicts[::3]] == [("crash", "more than 128 threads")] * 4
    assert [v.outcome for i, v in enumerate(verdicts) if i % 3] == ["pass"] * 8


@pytest.mark.parametrize("tier", TIERS)
def test_honest_programs_may_have_a_hundred_threads(tier: Tier) -> None:
    open_tested(tier, workers=1).close()
    code = "import threading, time\nthreading.stack_size(1 << 16)\ndef add(a, b):\n    found = []\n    threads = ["
    code += "threading.Thread(target=lambda: (time.sleep(0.1), found.append(1))) for _ in range(100)]\n"
    code += "    for t in threads: t.start()\n    for t in threads: t.join()\n    return len(found) // 100 * (a + b)"
    with CodeVerifier(tiers=(tier,), workers=1, time_limit_s=5.0) as verifier:
        assert verifier.verify([block(code)], [ADD])[0].outcome == "pass"


# The user may have so few processes that the bomb takes all of them before it has too many threads, and keeps them
# until its deadline; the programs beside it have to wait for one.
SCARCE = """
import json, os, resource
from rlvr_bench.rewards.code.verifier import CodeVerifier
from tests.rewards.bombs import ADD, CLONE_BOMB, GOOD, block

def tasks_of_this_user():
    found = 0
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == os.getuid():
                found += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            pass
    return found

limit = tasks_of_this_user() + 60
resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
bomb = CLONE_BOMB + "\\nbomb(4000)\\n" + GOOD
codes = [f"{bomb if i in (0, 5) else GOOD}\\n#{i}" for i in range(9)]
limits = [1.0 if "bomb" in code else None for code in codes]
with CodeVerifier(tiers=(TIER,), workers=2, time_limit_s=10.0) as verifier:
    verdicts = verifier.verify([block(code) for code in codes], [ADD] * len(codes), limits)
print(json.dumps([verdict.outcome for verdict in verdicts]))
"""


@pytest.mark.parametrize("tier", TIERS)
def test_where_processes_are_scarce_honest_programs_wait_for_one(tier: Tier) -> None:
    open_tested(tier, workers=1).close()
    outcomes = json.loads(run_as_nobody(f"TIER = {tier!r}\n{SCARCE}"))
    assert {outcomes[0], outcomes[5]} <= {"timeout", "crash"}
    assert [outcome for i, outcome in enumerate(outcomes) if i not in (0, 5)] == ["pass"] * 7


def test_nobody_is_not_this_user() -> None:
    assert run_as_nobody("import os; print(os.geteuid() != 0)") == "True\n"
    assert NOBODY > 0
