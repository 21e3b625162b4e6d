"""Final scores and gains by hand."""

from __future__ import annotations

from dataclasses import replace

from rlvr_bench.reports.measures.accuracy import final_score, gain
from tests.reports.decimals import close
from tests.reports.measures.series import run


def test_final_score_is_the_mean_of_the_last_three() -> None:
    close(final_score(run(eval__pass1=[0.9, 0.1, 0.2, 0.3, 0.4])) or 0.0, 0.3)
    assert final_score(run(eval__pass1=[0.9, 0.5])) == 0.5  # the evaluation before training is no result


def test_a_run_that_diverged_after_its_evaluation_scores_zero() -> None:
    assert final_score(run("diverged", eval__pass1=[0.4, 0.9, None])) == 0.0
    close(final_score(run("diverged", eval__pass1=[0.4, 0.9, 0.2])) or 0.0, 0.55)


def test_gain_needs_an_evaluation_before_training() -> None:
    rows = ({"step": 0, "eval/pass@1": 0.4}, {"step": 5, "eval/pass@1": 0.5}, {"step": 9, "eval/pass@1": 0.7})
    one = replace(run(), metrics=rows)
    close(gain(one) or 0.0, 0.2)  # (.5 + .7) / 2 - .4
    assert gain(replace(one, metrics=rows[1:])) is None
