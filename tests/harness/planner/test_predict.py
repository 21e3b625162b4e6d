from __future__ import annotations

from rlvr_bench.harness.engines.deepspeed.parts import Sharding
from rlvr_bench.harness.planner.predict import follows, predict, sharding_of
from tests.harness.planner.configs import config_of


def test_the_prompts_are_those_of_the_run() -> None:
    """More digits to sort, longer prompts, a larger cache."""
    short, long = (predict(config_of(task={"min_digits": n, "max_digits": n}), cuda=False).plan for n in (2, 20))
    assert short.states == long.states
    assert short.peak.total < long.peak.total


def test_a_run_of_two_processes_is_planned_as_one() -> None:
    engine = {"name": "deepspeed", "stage": 3, "offload": "optimizer"}
    config = config_of(train={"engine": engine}, launch={"processes": 2})
    assert sharding_of(config) == Sharding(2, 3, "optimizer")
    assert sharding_of(config_of()) == Sharding()
    assert predict(config, cuda=False).plan.states["actor"].optimizer == 0, "it is in CPU memory"


def test_what_the_planner_does_not_follow() -> None:
    assert follows(config_of())
    assert not follows(config_of(compute={"autocast": "bfloat16"}))
    assert not follows(config_of(reward={"source": "learned", "model": "tiny:32x1"}))
    assert follows(config_of(reward={"source": "verifier", "model": "tiny:32x1"}))
