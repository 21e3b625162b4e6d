from __future__ import annotations

from rlvr_bench.harness.planner.predict import plan_of_run
from tests.harness.planner.configs import config_of


def test_the_prompts_are_those_of_the_run() -> None:
    """More digits to sort, longer prompts, a larger cache."""
    short, long = (plan_of_run(config_of(task={"min_digits": n, "max_digits": n}), cuda=False) for n in (2, 20))
    assert short.states == long.states
    assert short.peak.total < long.peak.total
