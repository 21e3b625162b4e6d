"""What is planned for the figure of savings, and what it takes from measured studies."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench.harness.commands.plan import saving
from rlvr_bench.harness.commands.plan.saving import Saving, measured, planned

ROOT = Path(__file__).parents[4]
FULL = "three models against two"


def test_savings_by_hand() -> None:
    one = Saving("w", "m", 10, 64, {"rollout": 60, "update_critic": 100, "states": 50}, {"rollout": 75, "states": 40})
    assert (one.of_peak, one.of_states) == (0.25, pytest.approx(0.2))


def test_no_smaller_model_no_small_critic() -> None:
    assert planned("small critic", "smollm2-135m", 256) is None


@pytest.mark.slow
def test_ways_differ_as_they_should() -> None:
    found = {way: planned(way, "smollm2-135m", 256) for way in saving.WAYS if way != "small critic"}
    states = {way: one.of_states for way, one in found.items() if one}
    # bfloat16: 16 bytes a parameter of what is trained, 2 of the reference.  The head is tied to the embedding, so a
    # critic without a head is as large as the actor.
    assert states[FULL] == pytest.approx(1 - 18 / 34, abs=0.001)
    assert states["four models against two"] > states[FULL] > states["adapters, rank 16"]
    assert all(one.of_peak < one.of_states for way, one in found.items() if one and way != "adapters, rank 16")


def test_measured_points_are_those_of_the_study() -> None:
    found = measured(ROOT / "results/memory")
    assert len(found) == 11, "pairs of cells of the suite"
    assert 1e5 < min(n for n, _ in found) < 1.4e8 and all(0 < share < 0.5 for _, share in found)
