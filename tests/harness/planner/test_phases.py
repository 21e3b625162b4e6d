"""Every phase without data against the exact peak of the same run with data."""

from __future__ import annotations

import pytest

from rlvr_bench.harness.engines.deepspeed.parts import Sharding
from rlvr_bench.harness.engines.deepspeed.start import is_installed
from rlvr_bench.harness.models import scoring
from rlvr_bench.harness.planner.cases import CASES
from rlvr_bench.harness.planner.check import measured, points, predicted
from rlvr_bench.harness.planner.measure import measure
from rlvr_bench.harness.planner.plan import plan_of
from rlvr_bench.harness.planner.predict import predict
from rlvr_bench.harness.planner.shapes import shape_of
from tests.harness.planner.configs import case_of, config_of

BOUND = 0.03


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_it_is_within_the_published_bound(algorithm: str) -> None:
    config = config_of("tiny:64x2", algorithm, evaluate={"every": 1, "items": 2, "samples": 4}, train={"steps": 2})
    measured = measure(config)["phases"]
    plan = predict(config, cuda=False).plan
    assert {p.phase for p in plan.phases} >= {"rollout", "score", "update_actor", "evaluate"} - (
        set() if algorithm == "ppo" else {"score"}
    )
    for phase in plan.phases:
        assert abs(phase.total / measured[phase.phase] - 1) < BOUND, phase.phase


def test_weights_that_are_dealt_out_are_read_with_whole_sequences() -> None:
    """Prompts are read again with each completion: of four a prompt, which more than doubles what is kept here."""
    shape = shape_of("tiny:256x2")

    def kept(stage: int) -> int:
        plan = plan_of(config_of("tiny:256x2", "grpo"), shape, prompts=[48] * 4, cuda=False, how=Sharding(2, stage))
        assert scoring.reads_whole is before, "the run's own code is as it was"
        return next(p.kinds["activations"] for p in plan.phases if p.phase == "update_actor")

    before = scoring.reads_whole
    assert kept(3) > 1.5 * kept(2)


@pytest.mark.slow
@pytest.mark.skipif(not is_installed(), reason="needs the extra deepspeed")
@pytest.mark.parametrize("stage", [0, 3])
def test_two_processes_are_within_the_published_bound(stage: int, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = config_of(
        "tiny:256x2",
        rollout={"prompts": 4},
        train={"engine": {"name": "deepspeed", "stage": stage}},
        launch={"processes": 2},
    ).to_dict()
    monkeypatch.setitem(CASES, "two", settings)
    for point in points({"two": predicted(measured("two"))}):
        assert abs(point.error) < BOUND, point


def test_unequal_micro_batches_are_both_run() -> None:
    """The larger one comes first, when there are no gradients yet: it is not taken to have them."""
    rollout = {"prompts": 2, "group_size": 4, "max_tokens": 40, "min_tokens": 0}
    whole = case_of("tiny:256x2", "grpo", rollout=rollout, train={"micro_tokens": 8 * 56}).plan()
    most = case_of("tiny:256x2", "grpo", rollout=rollout, train={"micro_tokens": 7 * 56}).plan()
    assert most.peak.total <= whole.peak.total


def test_a_reward_model_has_a_phase() -> None:
    phases = {p.phase: p.role for p in case_of(reward={"source": "learned"}).plan().phases}
    assert phases["reward"] == "reward"
    assert "reward" not in {p.phase for p in case_of().plan().phases}
