"""The adversarial corpus: every row as expected, in each tier, in any order, leaving nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from rewards.code import CodeVerifier
from rewards.format import Format
from rewards.math import MathVerifier
from rewards.sandbox.tiers import Tier
from rewards.score_file import score_lines
from tests.rewards.shared_data import TIERS, open_tested, shared_rows

FOLDERS = ("/tmp", "/dev/shm", os.getcwd())
ADD = {"type": "call", "entry": "add", "cases": [{"args": [1, 2], "want": 3}]}
GOOD = "```python\ndef add(a, b):\n    return a + b\n```"
HOSTILE = [
    "def add(a, b):\n    while True: pass",
    "def add(a, b):\n    x = []\n    while True: x.append(' ' * 10**6)",
    "def add(a, b): return 'x' * 10**7",
    "while True: print('x' * 10**6)",
    "import os\nos.kill(os.getpid(), 19)",
    "import threading\nwhile True: threading.Thread(target=threading.Event().wait).start()",
    "import os\nwhile True: open(os.urandom(8).hex(), 'w').write('x' * 10**6)",
    "import ctypes\nctypes.string_at(0)",
]


def entries() -> set[str]:
    """What lies in the places where something could be left, but for what others keep there."""
    return {
        f"{folder}/{name}" for folder in FOLDERS for name in os.listdir(folder) if "rlvr" in name or "PWNED" in name
    }


def verifiers(tier: Tier) -> dict[str, Any]:
    open_tested(tier, workers=1).close()  # skips where the tier does not hold
    return {
        "math": lambda: MathVerifier(workers=2),
        "code": lambda: CodeVerifier(tiers=(tier,), workers=2, time_limit_s=1.5),
        "format": Format,
    }


@pytest.mark.parametrize("tier", TIERS)
def test_every_row_scores_as_expected_and_leaves_nothing(tier: Tier) -> None:
    rows = shared_rows("adversarial_sample.jsonl") * 2
    random.Random(0).shuffle(rows)
    kinds = verifiers(tier)
    me = psutil.Process()
    before = entries(), me.num_fds(), {child.pid for child in me.children(recursive=True)}, me.num_threads()
    start = time.monotonic()
    scored = [item.row or {} for item in score_lines([json.dumps(row) for row in rows], kinds)]
    took = time.monotonic() - start
    assert [
        (row["id"], row["why"], row["outcome"], row["detail"]) for row in scored if row["reward"] != row["expected"]
    ] == []
    assert [row["id"] for row in rows] == [row["id"] for row in scored]
    assert not [row["no_file"] for row in rows if "no_file" in row and Path(row["no_file"]).exists()]
    assert before == (entries(), me.num_fds(), {child.pid for child in me.children(recursive=True)}, me.num_threads())
    assert took < 60


def hostile_then_good(tier: Tier, hostile: int, good: int) -> None:
    verifier = CodeVerifier(tiers=(tier,), workers=2, memory_bytes=256 << 20)
    stop = threading.Event()

    def kill_workers() -> None:
        while not stop.wait(1.0):
            for pid in verifier.sandbox.pool.worker_pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_workers)
    killer.start()
    completions = [f"```python\n{HOSTILE[i % len(HOSTILE)]}\n```" for i in range(hostile)]
    verdicts = verifier.verify(completions, [ADD] * hostile, [0.5] * hostile)
    stop.set()
    killer.join()
    assert verifier.sandbox.pool.deaths > 0
    assert {0.0} >= {verdict.reward for verdict in verdicts if verdict.outcome != "infra"}
    assert {"pass"} == {verdict.outcome for verdict in verifier.verify([GOOD] * good, [ADD] * good)}
    verifier.close()


@pytest.mark.parametrize("tier", TIERS)
def test_good_completions_pass_after_hostile_ones(tier: Tier) -> None:
    open_tested(tier, workers=1).close()
    before = entries()
    hostile_then_good(tier, 16, 50)
    assert before == entries()


@pytest.mark.soak
@pytest.mark.parametrize("tier", TIERS)
def test_a_thousand_good_ones_pass_after_two_hundred_hostile_ones(tier: Tier) -> None:
    open_tested(tier, workers=1).close()
    hostile_then_good(tier, 200, 1000)


@pytest.mark.soak
@pytest.mark.parametrize("tier", TIERS)
def test_soak(tier: Tier, capsys: pytest.CaptureFixture[str]) -> None:
    """Memory, descriptors and processes stay flat; RLVR_BENCH_SOAK_S sets the seconds (600 for the record)."""
    open_tested(tier, workers=1).close()
    with contextlib.closing(CodeVerifier(tiers=(tier,), workers=2, memory_bytes=256 << 20)) as verifier:
        _soak(verifier, capsys)


def _soak(verifier: CodeVerifier, capsys: pytest.CaptureFixture[str]) -> None:
    me = psutil.Process()

    def sizes() -> tuple[int, int, int]:
        family = [me, *me.children(recursive=True)]
        return sum(process.memory_info().rss for process in family), me.num_fds(), len(family)

    batch = [GOOD] * 60 + [f"```python\n{code}\n```" for code in HOSTILE]
    limits = [None] * 60 + [0.5] * len(HOSTILE)
    verifier.verify(batch, [ADD] * len(batch), limits)
    first, rounds = sizes(), 1
    end = time.monotonic() + float(os.environ.get("RLVR_BENCH_SOAK_S", "20"))
    while time.monotonic() < end:
        verdicts = verifier.verify(batch, [ADD] * len(batch), limits)
        assert [1.0] * 60 + [0.0] * len(HOSTILE) == [verdict.reward for verdict in verdicts]
        rounds += 1
    last = sizes()
    with capsys.disabled():
        print(f"\n{verifier.tier}: {rounds} rounds of {len(batch)}; (bytes, descriptors, processes) {first} -> {last}")
    assert first[1:] == last[1:]
    assert last[0] < 1.1 * first[0] + (16 << 20)
