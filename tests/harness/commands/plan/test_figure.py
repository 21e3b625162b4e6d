from __future__ import annotations

from rlvr_bench.harness.commands.plan.figure import GIB, scatter
from rlvr_bench.harness.planner.check import Point
from rlvr_bench.reports.figures.style import INCHES, styled


def test_each_run_is_a_point() -> None:
    found = [Point("ppo a", "rollout", GIB, 2 * GIB), Point("grpo b", "rollout", 3 * GIB, 2 * GIB)]
    with styled():
        figure = scatter(found, found)
    above, below = figure.axes
    assert figure.get_size_inches()[0] == INCHES["column"]
    assert [list(line.get_xydata()[0]) for line in above.lines[:2]] == [[2, 1], [2, 3]]
    assert [float(line.get_ydata()[0]) for line in below.lines[:2]] == [-0.5, 0.5]
