"""Over-optimization at equal distance: two algorithms on one curve are equal however far each of them goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.claims.rewards.equal_distance import FLOOR, MARGIN
from tests.reports.decimals import close
from tests.reports.hacking import spec
from tests.reports.judge import judge_claim
from tests.reports.synthetic import Spec

ID = "reward.algorithm"


def on_curve(
    algorithm: str, pace: float, curve: Callable[[float], float], offset: float = 0.0, wave: float = 0.002
) -> Spec:
    """Distances 0 to pace x 4 over the steps; true reward by the curve at each, a little apart by seed."""

    def more(seed: int, step: int, done: float) -> dict[str, float | None]:
        distance = 4 * pace * (step - 1) / 7 if step else 0.0
        true = curve(distance) + offset + wave * (seed - 1)
        return {
            "train/kl_to_reference": distance**2 / 25,
            "rollout/length_mean": 25.0,
            "rollout/true_reward_mean": true,
        } if step else {}  # fmt: skip

    return replace(spec("few", algorithm), more=more)


def rise_and_fall(distance: float) -> float:
    return 0.5 + 0.2 * distance - 0.08 * distance**2


def test_one_curve_at_two_paces_is_supported(tmp_path: Path) -> None:
    """At equal steps the two differ by far: .5 + .8 - 1.28 at the end of the faster, .5 + .4 - .32 of the slower."""
    found = judge_claim(
        tmp_path, ID, on_curve("ppo", 0.5, rise_and_fall), on_curve("grpo", 1.0, rise_and_fall, wave=0.0)
    )
    assert [f.conclusion for f in found] == ["supported"]
    assert abs(found[0].estimate.value) < 0.02
    assert "at equal steps the two are not equally far" in found[0].note
    assert "0.50, 1.00, 1.50 sqrt(nats a completion)" in found[0].rule  # quarter points of 0 to 2


@pytest.mark.parametrize(
    ("offset", "conclusion"), [(0.05, "supported"), (0.2, "refuted"), (-0.2, "refuted"), (0.1, "inconclusive")]
)
def test_a_curve_that_lies_elsewhere_is_refuted(tmp_path: Path, offset: float, conclusion: str) -> None:
    found = judge_claim(
        tmp_path, ID, on_curve("ppo", 1.0, rise_and_fall, wave=0.0), on_curve("grpo", 1.0, rise_and_fall, offset)
    )[0]
    assert found.conclusion == conclusion
    close(found.estimate.value, offset)
    assert found.holds == (-MARGIN, MARGIN)


def test_two_on_the_floor_are_undecidable(tmp_path: Path) -> None:
    flat = [on_curve(a, 1.0, lambda d: 0.0, wave=w) for a, w in (("ppo", 0.0), ("grpo", 0.001))]
    found = judge_claim(tmp_path, ID, *flat)[0]
    assert found.conclusion == "undecidable"
    assert "floor" in found.sentence
    assert FLOOR < MARGIN


def test_it_is_asked_within_one_reward_model(tmp_path: Path) -> None:
    crossed = judge_claim(tmp_path / "a", ID, spec("many", "ppo"), spec("few", "grpo"))
    assert [f.conclusion for f in crossed] == ["not tested"]
    bare = [replace(spec("few", a), more=lambda *_: {"train/kl_to_reference": None}) for a in ("ppo", "grpo")]
    unrecorded = judge_claim(tmp_path / "b", ID, *bare)
    assert [f.conclusion for f in unrecorded] == ["not tested"]
    assert "recorded true reward and distance" in unrecorded[0].note
