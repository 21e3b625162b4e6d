"""Accuracy in a line."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from rlvr_bench.harness.commands.accuracy import described
from rlvr_bench.harness.records import EvaluationCounts


@pytest.mark.parametrize("right", [0, 3, 40])
def test_a_share_has_wilson_s_interval(right: int) -> None:
    counts = EvaluationCounts(0, "test", 1, 1.0, (1,) * right + (0,) * (40 - right), (1,) * right + (0,) * (40 - right))
    interval = binomtest(right, 40).proportion_ci(method="wilson")
    shown = f"{right / 40:.3f} [{interval.low:.3f}, {interval.high:.3f}]".replace("-0.000", "0.000")
    line = described(counts).replace("-0.000", "0.000")
    assert line == f"pass@1 {shown}, greedy {shown} on 40 items of test (95 % intervals over items)"


def test_items_without_a_verdict_are_left_out() -> None:
    line = described(EvaluationCounts(0, "validation", 4, 1.0, (4, None, 2), (1, None, 1)))
    assert line.startswith("pass@1 0.750 [") and "on 2 items of validation" in line
    assert described(EvaluationCounts(0, "test", 4, 1.0, (None,), (None,))).startswith("pass@1 unknown, greedy unknown")
