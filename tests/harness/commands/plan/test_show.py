from __future__ import annotations

from dataclasses import replace

from rlvr_bench.harness.commands.plan.show import described, found
from rlvr_bench.harness.engines.deepspeed.parts import Sharding
from tests.harness.planner.configs import case_of


def test_what_does_not_fit_is_told_with_a_change() -> None:
    case = case_of(rollout={"prompts": 8, "group_size": 4, "max_tokens": 40, "min_tokens": 0})
    limit = case.plan().peak.total
    answer = found(case, limit - 1, solve=False)
    assert answer.fits is False and answer.change is not None
    text = described(answer)
    assert "does not fit" in text and "smallest change that fits: --micro-tokens" in text


def test_without_a_limit_there_is_no_verdict() -> None:
    answer = found(case_of(), None, solve=False)
    assert answer.fits is None
    assert "fit" not in described(answer)
    assert answer.to_json()["change"] is None


def test_a_plan_of_several_devices_says_what_it_leaves_out() -> None:
    one = case_of()
    assert "two processes on a CPU" not in described(found(one, None, solve=False))
    two = replace(one, how=Sharding(2, 3))
    assert "two processes on a CPU" in described(found(two, None, solve=False))


def test_nothing_helps() -> None:
    assert "no change that this planner knows" in described(found(case_of(), 1000, solve=False))
