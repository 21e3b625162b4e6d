"""Hostile load for minutes: `python -m tests.rewards.soak --minutes 10 --tier bwrap`.

Rounds of hostile completions, during which workers are also killed from outside, and then of good ones.  Ends with
status 1 if a good one does not pass, or if the mean of the last third of the rounds is above that of the first
third by more than `TOLERANCE`: a leak grows with the rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import fmean

import psutil

from rlvr_bench.harness.progress import repeating
from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.sandbox.tiers import Tier

ADD = {"type": "call", "entry": "add", "cases": [{"args": [1, 2], "want": 3}]}
HOSTILE = (
    "def add(a, b):\n    while True: pass",
    "def add(a, b):\n    x = []\n    while True: x.append(' ' * 10**6)",
    "def add(a, b): return 'x' * 10**7",
    "while True: print('x' * 10**6)",
    "import os\nos.kill(os.getpid(), 19)",
    "import threading\nwhile True: threading.Thread(target=threading.Event().wait).start()",
    "import os\nwhile True: open(os.urandom(8).hex(), 'w').write('x' * 10**6)",
    "import ctypes\nctypes.string_at(0)",
    "import os\ndef add(a, b):\n    os.fork()\n    return 3",
)


@dataclass(frozen=True)
class Sizes:
    """What the trainer and its workers hold."""

    trainer_mb: float
    """resident in the trainer"""
    workers_mb: float
    """resident in the workers; where the kernel reports it, pages that several share count in parts"""
    descriptors: float
    """of the trainer"""
    processes: float
    scratch_files: float


# More than this in the last third than in the first is a leak; ten minutes are about 20 rounds or more.
TOLERANCE = Sizes(trainer_mb=16, workers_mb=8, descriptors=0.5, processes=0.5, scratch_files=0.5)


def hostile(count: int, start: int = 0) -> list[str]:
    """Completions that misbehave, all different: the verifier runs the same one only once."""
    return [f"```python\n{HOSTILE[i % len(HOSTILE)]}\n#{start + i}\n```" for i in range(count)]


def good(count: int, start: int = 0) -> list[str]:
    """Right completions, all different."""
    return [f"```python\ndef add(a, b):\n    return a + b  #{start + i}\n```" for i in range(count)]


@contextlib.contextmanager
def killer(verifier: CodeVerifier, seconds: float) -> Iterator[None]:
    """Kills one worker after another from outside."""

    def kill() -> None:
        for pid in verifier.sandbox.pool.worker_pids()[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    with repeating(seconds, kill):
        yield


def measure(verifier: CodeVerifier) -> Sizes:
    """As it is now."""
    me = psutil.Process()
    workers = me.children(recursive=True)
    scratch = verifier.sandbox._scratch
    files = 0 if scratch is None else sum(path.is_file() for path in Path(scratch.path).rglob("*"))
    return Sizes(
        trainer_mb=me.memory_info().rss / 1e6,
        workers_mb=sum(map(_memory, workers)) / 1e6,
        descriptors=me.num_fds(),
        processes=1 + len(workers),
        scratch_files=files,
    )


def _memory(process: psutil.Process) -> int:
    """A worker is not dumpable, so only its resident size can be read."""
    try:
        return process.memory_full_info().pss
    except psutil.NoSuchProcess:
        return 0
    except psutil.AccessDenied:
        return process.memory_info().rss


def soak(
    verifier: CodeVerifier, seconds: float, *, bad: int = 200, right: int = 1000, report: Callable[[str], None] = print
) -> list[str]:
    """Rounds until the time is up, at least three; what went wrong."""
    end, failures, rounds = time.monotonic() + seconds, 0, []
    while len(rounds) < 3 or time.monotonic() < end:
        with killer(verifier, 2.0):
            verdicts = verifier.verify(hostile(bad), [ADD] * bad, [0.5] * bad)
        # A fork that is refused is no answer; the only harm would be a reward.
        hacked = [verdict for verdict in verdicts if verdict.reward]
        verdicts = verifier.verify(good(right), [ADD] * right)
        failed = [verdict for verdict in verdicts if verdict.reward != 1.0]
        failures += len(hacked) + len(failed)
        rounds.append(measure(verifier))
        report(f"round {len(rounds)}: {asdict(rounds[-1])}, retries {verifier.retries}, {hacked[:2]} {failed[:2]}")
    problems = [f"{failures} verdicts are not what they should be"] if failures else []
    third = max(1, len(rounds) // 3)
    for name in [field.name for field in fields(Sizes)]:
        first, last = (fmean(getattr(sizes, name) for sizes in part) for part in (rounds[:third], rounds[-third:]))
        report(f"{verifier.tier} {name}: {first:.1f} -> {last:.1f}")
        if last > first + getattr(TOLERANCE, name):
            problems.append(f"{name} rose from {first:.1f} to {last:.1f}")
    return problems


def main() -> int:
    """Run and report; 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--tier", choices=("bwrap", "landlock", "docker"), default="bwrap")
    options = parser.parse_args()
    tier: Tier = options.tier
    with contextlib.closing(CodeVerifier(tiers=(tier,), workers=2, memory_bytes=256 << 20)) as verifier:
        problems = soak(verifier, 60 * options.minutes, report=lambda line: print(line, flush=True))
    for problem in problems:
        print(f"FAILED: {problem}")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
