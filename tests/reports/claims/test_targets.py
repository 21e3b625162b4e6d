"""Who reaches the target for less: both outcomes, censored runs, and a busy machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.claims.finding import Finding
from tests.reports.decimals import close
from tests.reports.judge import judge
from tests.reports.synthetic import CELLS, LEARNING, Spec

_, PPO, GRPO = CELLS
SIX = [replace(LEARNING, seeds=tuple(range(6)))]


def reaching(cell: Spec, at: float, *, never: tuple[int, ...] = (), seconds: float = 1.0) -> Spec:
    """pass@1 of .8 from this step on, a step later from seed to seed; steps of these seconds."""

    def more(seed: int, step: int, done: float) -> dict[str, float | None]:
        return {"eval/pass@1": 0.8 if step >= at + seed and seed not in never else 0.4, "cost/samples": 100 + seed}

    return replace(cell, more=more, seconds=lambda s: seconds)


def judged(folder: Path, ppo: Spec, grpo: Spec, budget: str = "samples", **changes: object) -> Finding:
    return judge(folder, ppo, grpo, parts=SIX, **{"steps": 40} | changes)[f"budget.{budget}"]


@pytest.mark.parametrize(("ppo", "grpo", "conclusion"), [(20, 5, "supported"), (5, 20, "refuted")])
def test_it_comes_out_both_ways(tmp_path: Path, ppo: float, grpo: float, conclusion: str) -> None:
    found = judged(tmp_path, reaching(PPO, ppo), reaching(GRPO, grpo))
    assert found.conclusion == conclusion
    # every step of seed s is 100 + s samples on both sides, so the ratio is that of the steps
    product = 1.0
    for s in range(6):
        product *= (grpo + s) / (ppo + s)
    close(found.estimate.value, product ** (1 / 6))
    assert "Reached the target: GRPO, verifier 6 of 6, PPO, verifier 6 of 6." in found.note


def test_runs_that_never_arrive_are_censored_not_left_out(tmp_path: Path) -> None:
    found = judged(tmp_path, reaching(PPO, 20, never=(0, 1, 2, 3)), reaching(GRPO, 5))
    assert found.conclusion == "supported"
    assert "PPO, verifier 2 of 6. Those that did not are censored" in found.note
    swapped = judged(tmp_path / "b", reaching(PPO, 5), reaching(GRPO, 20, never=(0, 1, 2, 3)))
    assert swapped.conclusion == "refuted"


def test_equal_budgets_decide_nothing(tmp_path: Path) -> None:
    assert judged(tmp_path, reaching(PPO, 5), reaching(GRPO, 5)).conclusion == "undecidable"  # no spread
    nobody = judged(tmp_path / "b", *(reaching(c, 5, never=tuple(range(6))) for c in (PPO, GRPO)))
    assert "no run of either cell reached the target" in nobody.sentence


@pytest.mark.parametrize(("waited", "conclusion"), [(0.0, "supported"), (0.5, "undecidable")])
def test_seconds_need_a_quiet_machine(tmp_path: Path, waited: float, conclusion: str) -> None:
    def row(cell: Spec, seed: int, step: int) -> dict[str, float]:
        return {"cost/processor_wait": waited}

    both = reaching(PPO, 20), reaching(GRPO, 5)
    assert judged(tmp_path / "a", *both, "seconds", row=row).conclusion == conclusion
    assert judged(tmp_path / "b", *both, "samples", row=row).conclusion == "supported"


def test_it_needs_a_matched_pair(tmp_path: Path) -> None:
    assert judge(tmp_path, GRPO)["budget.samples"].conclusion == "not tested"
