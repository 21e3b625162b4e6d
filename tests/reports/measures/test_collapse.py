"""Each collapse rule fires on its own series, and not on its neighbour."""

from __future__ import annotations

import pytest

from rlvr_bench.reports.load import Run
from rlvr_bench.reports.measures.collapse import collapse_events, flags
from rlvr_bench.reports.measures.runs import final_score
from tests.reports.decimals import close


def run(state: str = "completed", **series: list[float | None]) -> Run:
    """Steps from 0; names with __ for /."""
    length = max((len(v) for v in series.values()), default=0)
    rows = []
    for step in range(length):
        row: dict = {"step": step}
        for name, values in series.items():
            key = name.replace("__", "/").replace("pass1", "pass@1")
            if values[step] == float("inf"):
                row |= {key: None, "not_finite": [key]}
            else:
                row[key] = values[step]
        rows.append(row)
    return Run("p", "c", 0, state, "", None, {}, "", {}, tuple(rows), ())


@pytest.mark.parametrize(
    ("series", "rules"),
    [
        ({"eval__pass1": [0.4, 0.8, 0.3, 0.3, 0.3]}, ["evaluation"]),
        ({"eval__pass1": [0.4, 0.8, 0.3, 0.3, 0.5]}, []),  # recovered
        ({"eval__pass1": [0.4, 0.8, 0.8, 0.3, 0.3]}, []),  # two evaluations only
        ({"train__entropy": [1.0, 0.05], "eval__pass1": [0.5, 0.5]}, ["entropy"]),
        ({"train__entropy": [1.0, 0.05], "eval__pass1": [0.5, 0.95]}, []),  # sure because it is right
        ({"rollout__length_mean": [20, 4.9]}, ["length"]),
        ({"rollout__length_mean": [20, 5.0]}, []),
        ({"rollout__truncated_fraction": [0.1, 0.81]}, ["truncation"]),
        ({"train__policy_loss": [0.1, float("inf")]}, ["not finite"]),
        ({"train__grad_norm": [1.0, 1.0, 1.0, 10.1]}, ["gradient"]),
        ({"train__grad_norm": [1.0, 0.0, 0.0, 0.0, 2.0]}, []),  # silent steps do not make the median 0
    ],
)
def test_rules(series: dict[str, list[float | None]], rules: list[str]) -> None:
    assert [e.rule for e in collapse_events(run(**series))] == rules


def test_a_collapse_is_dated_to_its_first_step() -> None:
    assert collapse_events(run(eval__pass1=[0.4, 0.8, 0.3, 0.3, 0.3]))[0].step == 2


def test_flags_are_no_collapse() -> None:
    found = run(rollout__zero_std_groups=[0.95, 0.95, 0.1], train__explained_variance=[0.0, -0.1, 0.5])
    assert len(flags(found)) == 2
    assert collapse_events(found) == ()


def test_final_score_is_the_mean_of_the_last_three() -> None:
    close(final_score(run(eval__pass1=[0.9, 0.1, 0.2, 0.3, 0.4])) or 0.0, 0.3)
    assert final_score(run(eval__pass1=[0.9, 0.5])) == 0.5  # the evaluation before training is no result


def test_a_run_that_diverged_after_its_evaluation_scores_zero() -> None:
    assert final_score(run("diverged", eval__pass1=[0.4, 0.9, None])) == 0.0
    close(final_score(run("diverged", eval__pass1=[0.4, 0.9, 0.2])) or 0.0, 0.55)
