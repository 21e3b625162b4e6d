"""What was spent, and accuracies at equal spending, by hand."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

from rlvr_bench.reports.measures.budgets import accuracy_at, arrival, spent, total_spent
from rlvr_bench.reports.stats import Arrival
from tests.reports.decimals import close
from tests.reports.measures.series import run

# Evaluated at steps 0, 2 and 4; 2 + 3 samples up to step 2, 4 + 5 more up to step 4.
ONE = run(
    eval__pass1=[0.4, None, 0.6, None, 0.9],
    eval__greedy=[0.5, None, None, None, 0.8],
    cost__samples=[0.0, 2.0, 3.0, 4.0, 5.0],
)


def test_spending_adds_up_to_each_evaluation() -> None:
    found = spent(ONE, "samples")
    assert [p[:2] for p in found] == [(0.0, 0.4), (5.0, 0.6), (14.0, 0.9)]
    assert found[0][2] == 0.5
    assert isnan(found[1][2])
    assert total_spent(ONE, "samples") == 14.0


def test_what_evaluation_before_training_cost_is_left_out() -> None:
    assert spent(run(eval__pass1=[0.4, 0.5], cost__seconds=[9.0, 1.0]), "seconds")[-1][0] == 1.0


def test_a_step_without_its_cost_leaves_no_sum() -> None:
    assert spent(run(eval__pass1=[0.4, None, 0.5], cost__samples=[0.0, None, 3.0]), "samples") == []
    assert spent(ONE, "flops") == []
    assert total_spent(ONE, "seconds") is None


def test_accuracy_between_two_evaluations() -> None:
    close(accuracy_at(ONE, "samples", 2.5) or 0.0, 0.5)
    close(accuracy_at(ONE, "samples", 8.0) or 0.0, 0.7)  # .6 + 3 / 9 of .3
    close(accuracy_at(ONE, "samples", 14.0) or 0.0, 0.9)
    assert accuracy_at(ONE, "samples", 15.0) is None
    assert accuracy_at(replace(ONE, state="diverged"), "samples", 15.0) == 0.0


def test_arrival_at_a_target() -> None:
    assert arrival(ONE, "samples", 0.6) == Arrival(5.0, True)
    assert arrival(ONE, "samples", 0.95, watched=99.0) == Arrival(14.0, False)
    assert arrival(replace(ONE, state="diverged"), "samples", 0.95, watched=99.0) == Arrival(99.0, False)
    assert arrival(ONE, "flops", 0.6) is None
