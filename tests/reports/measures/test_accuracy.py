"""Final scores and gains by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rlvr_bench.harness.records import EvaluationCounts
from rlvr_bench.reports.measures.accuracy import FINAL_SHARE, curve, evaluation_variance, final_score, gain, score_in
from tests.reports.decimals import close
from tests.reports.measures.series import run


def evaluated(*, last: int = 20, **at: float) -> list[float | None]:
    """Values by step, `s10=` at step 10."""
    return [at.get(f"s{i}") for i in range(last + 1)]


def test_final_score_is_of_the_last_tenth_of_the_planned_steps() -> None:
    # steps 19 and 20 of 20
    assert FINAL_SHARE == 0.1
    one = run(eval__pass1=evaluated(s0=0.9, s10=0.1, s18=0.2, s19=0.3, s20=0.5))
    close(final_score(one) or 0.0, 0.4)
    # none lies there: the last one
    assert final_score(run(eval__pass1=evaluated(s0=0.9, s10=0.1, s18=0.2))) == 0.2
    assert final_score(run(eval__pass1=evaluated(s0=0.9))) is None  # before training is no result


def test_a_run_that_stopped_before_its_end_has_no_final_score() -> None:
    values = evaluated(s0=0.4, s10=0.6, last=12)
    assert final_score(run(planned=20, eval__pass1=values)) is None
    assert final_score(run(eval__pass1=values)) == 0.6  # planned for 12 steps
    assert final_score(replace(run(eval__pass1=values), config={})) is None


def test_a_window_of_steps() -> None:
    one = run(eval__pass1=evaluated(s0=0.9, s10=0.1, s18=0.2, s20=0.4))
    close(score_in(one, (10, 18)) or 0.0, 0.15)
    assert score_in(one, (11, 17)) is None
    assert score_in(one, (18, 25)) is None


def test_a_run_that_diverged_after_its_evaluation_scores_zero() -> None:
    broken = run("diverged", planned=20, eval__pass1=[0.4, 0.9, None])
    assert final_score(broken) == score_in(broken, (1, 2)) == 0.0
    assert curve(broken) == [0.4, 0.9, 0.0]
    assert final_score(run("diverged", planned=20, eval__pass1=[0.4, 0.9, 0.2])) == 0.2  # of the broken model itself


def test_gain_needs_an_evaluation_before_training() -> None:
    rows = ({"step": 0, "eval/pass@1": 0.4}, {"step": 5, "eval/pass@1": 0.5}, {"step": 9, "eval/pass@1": 0.7})
    one = replace(run(planned=9), metrics=rows)
    close(gain(one) or 0.0, 0.3)
    assert gain(replace(one, metrics=rows[1:])) is None


def test_the_variance_by_sampling_alone_by_hand() -> None:
    """An item's share has variance p (1 - p) / S, estimated without bias by r (S - r) / (S^2 (S - 1))."""
    # shares of 4 samples: 1, 2 and 4 right, one not judged: (3 + 4 + 0) / (16 * 3) / 9
    last = EvaluationCounts(20, "test", 4, 1.0, (1, 2, 4, None), (1, 1, 1, 1))
    whole = run(planned=20, eval__pass1=evaluated(s20=0.5))
    close(evaluation_variance(replace(whole, evaluations=(replace(last, step=0), last))) or 0, 7 / 48 / 9)
    # two evaluations in the last tenth: the mean of both has a half of their mean variance
    both = (replace(last, step=19, right=(2, 2, 2, 2)), last)
    close(evaluation_variance(replace(whole, evaluations=both)) or 0, (16 / 48 / 16 + 7 / 48 / 9) / 2 / 2)
    assert evaluation_variance(whole) is None
    assert evaluation_variance(replace(whole, evaluations=(replace(last, samples=1, right=(1, 0)),))) is None


def test_the_variance_is_that_of_simulated_evaluations() -> None:
    random = np.random.default_rng(0)
    chance = random.uniform(0, 1, 40)
    draws = random.binomial(2, chance, (4000, 40))
    whole = run(planned=20, eval__pass1=evaluated(s20=0.5))
    found = [
        evaluation_variance(replace(whole, evaluations=(EvaluationCounts(20, "test", 2, 1.0, tuple(d), ()),)))
        for d in draws[:500].tolist()
    ]
    assert np.mean([f or 0 for f in found]) == pytest.approx((draws / 2).mean(1).var(), rel=0.08)
