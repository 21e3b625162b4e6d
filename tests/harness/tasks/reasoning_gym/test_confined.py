"""Scorers' workers: what they can do in each tier, and what happens where none works."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

import pytest

from rlvr_bench.harness.tasks.reasoning_gym import confined, scores
from rlvr_bench.harness.tasks.reasoning_gym.scores import ReasoningGymScore
from rlvr_bench.harness.tasks.reasoning_gym.task import ReasoningGym, ReasoningGymConfig
from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
from rlvr_bench.rewards.sandbox.tiers import Tier
from rlvr_bench.rewards.workers.pool import Launch, encode_job
from tests.rewards.sandboxes import TIERS, open_tested


def escapes(verifier: ReasoningGymScore, canary: str) -> bytes:
    return verifier.pool.run(encode_job({"canary": canary, "trusted": os.getpid()}), 20.0).notes


@pytest.mark.parametrize("tier", TIERS)
def test_a_scorer_can_score_and_nothing_else(gym, tier: Tier) -> None:
    open_tested(tier, workers=1).close()  # skips where the tier does not hold
    item = ReasoningGym(ReasoningGymConfig(dataset="countdown")).item("train", 0)
    with closing(ReasoningGymScore("countdown", {}, tiers=(tier,))) as verifier, confined.canary_file() as canary:
        assert verifier.tier == tier
        (verdict,) = verifier.verify([f"<answer>{item.target['answer']}</answer>"], [item.target])
        assert verdict.outcome == "pass"
        assert escapes(verifier, canary) == b'{"escapes": []}'
        assert os.listdir(os.path.dirname(canary)) == ["canary"]


def test_without_a_sandbox_the_same_attempts_succeed(gym) -> None:
    """The probe can fail: what it reports in a tier means something."""
    with closing(ReasoningGymScore("leg_counting", {}, unsafe=True)) as verifier, confined.canary_file() as canary:
        assert verifier.tier == "unsafe"
        assert b"read a canary file" in escapes(verifier, canary) and b"open a socket" in escapes(verifier, canary)


def test_where_no_tier_works_opening_fails_and_names_each(gym, monkeypatch) -> None:
    def nothing(tier: Tier, *arguments: object) -> Launch:
        return Launch([sys.executable, "-c", f"raise OSError('no {tier} here')"])

    monkeypatch.setattr(confined, "launch", nothing)
    task = ReasoningGym(ReasoningGymConfig(dataset="leg_counting"))
    with pytest.raises(SandboxUnavailable) as raised:
        task.verifiers()
    assert set(raised.value.failures) == {"bwrap", "landlock"}
    assert "no bwrap here" in str(raised.value) and "no landlock here" in str(raised.value)


def test_a_tier_that_does_not_confine_is_refused(gym, monkeypatch) -> None:
    monkeypatch.setattr(scores, "_escapes", lambda pool: ["open a socket"])
    with pytest.raises(SandboxUnavailable, match="a scorer could open a socket"):
        ReasoningGymScore("leg_counting", {}, tiers=("landlock",))


def test_the_override_reaches_the_workers(gym) -> None:
    task = ReasoningGym(ReasoningGymConfig(dataset="leg_counting", unsafe_no_sandbox=True))
    with closing(task.verifiers()["correct"]) as verifier:
        assert verifier.tier == "unsafe"


def test_packages_are_shown_where_their_files_are() -> None:
    folders = confined.package_folders()
    assert all(folder == os.path.realpath(folder) for folder in folders)
    assert any((Path(folder) / "math" / "verifier.py").is_file() for folder in folders)
