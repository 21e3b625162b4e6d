"""Hostile programs earn what they should, beside honest ones, in any order, and harm nothing."""

from __future__ import annotations

import contextlib
import json
import platform
import random
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.sandbox.tiers import Tier
from tests.rewards.bombs import ADD, GOOD, block
from tests.rewards.hostile import ATTEMPTS, PRELUDE, WORTHLESS, attempting
from tests.rewards.sandboxes import TIERS, open_tested, run_as_nobody

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="system calls by their numbers on x86-64")


@pytest.fixture(params=TIERS)
def verifier(request: pytest.FixtureRequest) -> Iterator[CodeVerifier]:
    open_tested(request.param, workers=1).close()
    with contextlib.closing(CodeVerifier(tiers=(request.param,), workers=2, memory_bytes=256 << 20)) as opened:
        yield opened


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    """A file that anyone may write to, unchanged at the end."""
    file = tmp_path / "canary"
    file.write_text("canary")
    file.chmod(0o666)
    tmp_path.chmod(0o777)
    before = file.stat()
    yield file
    assert (file.read_text(), [*tmp_path.iterdir()]) == ("canary", [file])
    assert (before.st_mode, before.st_mtime_ns) == (file.stat().st_mode, file.stat().st_mtime_ns)


def test_an_attempt_fails_and_costs_nothing(verifier: CodeVerifier, canary: Path) -> None:
    codes = [f"CANARY = {str(canary)!r}\n{attempting(action)}" for action in ATTEMPTS]
    verdicts = verifier.verify([block(code) for code in codes], [ADD] * len(codes))
    assert [(a, v.outcome, v.detail) for a, v in zip(ATTEMPTS, verdicts, strict=True) if v.outcome != "pass"] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_worthless_programs_earn_nothing_and_honest_ones_beside_them_pass(verifier: CodeVerifier, seed: int) -> None:
    rows = [(f"{PRELUDE}\n{code}", allowed) for code, allowed in WORTHLESS] + [(GOOD, {"pass"})] * len(WORTHLESS)
    random.Random(seed).shuffle(rows)
    codes = [f"{code}\n#{number}" for number, (code, _) in enumerate(rows)]
    verdicts = verifier.verify(
        [block(code) for code in codes], [ADD] * len(codes), [1.0 if c[0] == "\n" else 5.0 for c in codes]
    )
    judged = zip(codes, rows, verdicts, strict=True)
    assert [(code.removeprefix(PRELUDE), v) for code, (_, allowed), v in judged if v.outcome not in allowed] == []
    assert verifier.retries == 0
    workers = [psutil.Process(pid) for pid in verifier.sandbox.pool.worker_pids()]
    assert max(len(worker.children(recursive=True)) for worker in workers) <= 1  # bubblewrap's own


UNPRIVILEGED = """
import json, tempfile
from pathlib import Path
from rlvr_bench.rewards.code.verifier import CodeVerifier
from tests.rewards import thieves
from rlvr_bench.rewards.sandbox.tiers import Tier
from tests.rewards.bombs import ADD, GOOD, block
from tests.rewards.hostile import ATTEMPTS, PRELUDE, WORTHLESS, attempting

found = []
with tempfile.TemporaryDirectory() as folder, CodeVerifier(tiers=(TIER,), workers=1) as verifier:
    canary = Path(folder, "canary")  # not in /tmp itself, which a program has one of its own of
    canary.write_text("canary")
    rows = [(f"CANARY = {str(canary)!r}\\n{attempting(action)}", {"pass"}) for action in ATTEMPTS]
    rows += [(f"{PRELUDE}\\n{code}", allowed) for code, allowed in WORTHLESS if "timeout" not in allowed]
    verdicts = verifier.verify([block(code) for code, _ in rows], [ADD] * len(rows))
    found += [(code, str(v)) for (code, allowed), v in zip(rows, verdicts, strict=True) if v.outcome not in allowed]
    for size in range(2, 26):
        target = {"type": "call", "entry": "f", "cases": [{"args": [], "want": [10**15 + 10_000 + size] * size}]}
        codes = [f"def f(): return [10**15 + {10_000 + size}] * {size}\\n#{i}" for i in range(size - 1)]
        codes.append(thieves.calling(thieves.IN_ANSWER, size))
        verdicts = verifier.verify([block(code) for code in codes], [target] * size)
        found += [("honest", size)] if {v.outcome for v in verdicts[:-1]} != {"pass"} else []
        found += [("thief", size)] if verdicts[-1].outcome != "wrong" else []
    found += [] if canary.read_text() == "canary" else ["canary"]
print(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.parametrize("tier", TIERS)
def test_it_is_the_same_for_a_user_without_privileges(tier: Tier) -> None:
    open_tested(tier, workers=1).close()
    assert json.loads(run_as_nobody(f"TIER = {tier!r}\n{UNPRIVILEGED}")) == []
