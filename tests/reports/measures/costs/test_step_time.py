"""Seconds, tokens and phases of the timed steps, by hand."""

from __future__ import annotations

from dataclasses import replace

from rlvr_bench.reports.measures.costs.step_time import per_phase, phases_of_a_step, step_seconds, tokens_per_second
from tests.reports.decimals import close
from tests.reports.measures.series import run

TIMED = run(cost__seconds=[None, 9.0, 1.0, 2.0, 6.0], cost__tokens=[None, 1.0, 10.0, 20.0, 60.0])


def test_the_warm_up_step_does_not_count() -> None:
    close(step_seconds(TIMED) or 0.0, 2.0)
    close(tokens_per_second(TIMED) or 0.0, 10.0)  # 90 tokens in 9 seconds
    longer = replace(TIMED, config={"measure": {"warmup_steps": 3}})
    close(step_seconds(longer) or 0.0, 6.0)
    assert step_seconds(run()) is None
    assert tokens_per_second(run()) is None


def test_phases_in_order_without_evaluation() -> None:
    assert phases_of_a_step(["mine", "update_actor", "evaluate", "rollout"]) == ["rollout", "update_actor", "mine"]
    found = run(cost__seconds=[None, 1.0, 1.0, 1.0], **{"cost/flops/rollout": [None, 9.0, 1.0, 3.0]})
    assert per_phase(found, "cost/flops") == {"rollout": 2.0}
    assert per_phase(found, "cost/flops", max) == {"rollout": 3.0}
