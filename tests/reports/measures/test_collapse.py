"""Each collapse rule fires on its own series, and not on its neighbour."""

from __future__ import annotations

import pytest

from rlvr_bench.reports.measures.collapse import RULE_IN_WORDS, collapse_events, flags, time_to_collapse
from rlvr_bench.reports.stats import Arrival
from tests.reports.measures.series import run


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


def test_a_run_without_one_is_censored_at_its_last_step() -> None:
    assert time_to_collapse(run(rollout__truncated_fraction=[0.1, 0.2, 0.9, 0.9, 0.1])) == Arrival(2.0, True)
    assert time_to_collapse(run(rollout__truncated_fraction=[0.1, 0.2, 0.1])) == Arrival(2.0, False)
    assert time_to_collapse(run()) == Arrival(0.0, False)


def test_flags_are_no_collapse() -> None:
    found = run(rollout__zero_std_groups=[0.95, 0.95, 0.1], train__explained_variance=[0.0, -0.1, 0.5])
    assert len(flags(found)) == 2
    assert collapse_events(found) == ()


def test_the_rule_in_words_has_the_thresholds() -> None:
    for words in ("3 evaluations", "below 10 % of its first", "below .9;", "below 25 %", "over 80 %", "above 10 times"):
        assert words in RULE_IN_WORDS
