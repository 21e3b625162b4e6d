"""Verdicts a second: `python -m tests.rewards.throughput`.  Ends with status 1 below what is promised on 2 cores."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.math.verifier import MathVerifier
from rlvr_bench.rewards.types import Verifier

ADD = {"type": "call", "entry": "add", "cases": [{"args": [1, 2], "want": 3}, {"args": [-5, 12], "want": 7}]}


def rate(verifier: Verifier, completions: Sequence[str], targets: Sequence[Any]) -> float:
    """Verdicts a second, start-up excluded; all must pass."""
    verifier.verify(completions[:8], targets[:8])
    start = time.perf_counter()
    verdicts = verifier.verify(completions, targets)
    seconds = time.perf_counter() - start
    assert all(verdict.outcome == "pass" for verdict in verdicts), "a right answer did not pass"
    return len(completions) / seconds


def main() -> int:
    """Measure and print; 1 if a promise is broken."""
    math = MathVerifier(workers=2)
    numbers = [f"I think that it is \\boxed{{{i}.50}}" for i in range(20_000)]
    squares = [f"\\boxed{{(x+{i})^2}}" for i in range(200)]
    results = [
        ("exact numbers", rate(math, numbers, [f"{i}.5" for i in range(20_000)]), 25_000.0),
        ("expressions", rate(math, squares, [f"x^2+{2 * i}x+{i * i}" for i in range(200)]), 0.0),
    ]
    math.close()
    for tier in ("bwrap", "landlock"):
        code = CodeVerifier(tiers=(tier,), workers=2)
        # All different: the verifier runs the same completion only once.
        adders = [f"```python\ndef add(a, b):\n    return a + b  #{i}\n```" for i in range(600)]
        results.append((f"trivial code, {tier}", rate(code, adders, [ADD] * 600), 150.0))
        code.close()
    for name, measured, promised in results:
        print(f"{name}: {measured:.0f} verdicts/s" + (f" (promised: {promised:.0f})" if promised else ""))
    return int(any(measured < promised for _, measured, promised in results))


if __name__ == "__main__":
    sys.exit(main())
