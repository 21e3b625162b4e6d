"""Random search: what is drawn, from where, and which mistakes are told."""

from __future__ import annotations

import math
from random import Random

import pytest

from rlvr_bench.harness.config.searches import Axis, Search, problems, trials

SPACE = {
    "train.lr": Axis(low=1e-5, high=1e-2),
    "train.minibatches": Axis(values=[1, 2, 4]),
    "algorithm.clip_low": Axis(low=0.1, high=0.3, scale="linear"),
    "rollout": Axis(values=[{"prompts": 8, "group_size": 8}, {"prompts": 16, "group_size": 4}]),
}


def test_numbers_are_uniform_on_their_scale() -> None:
    rng = Random(1)
    log = [math.log10(Axis(low=1e-5, high=1e-1).draw(rng)) for _ in range(4000)]
    linear = [Axis(low=2.0, high=4.0, scale="linear").draw(rng) for _ in range(4000)]
    for values, low, high in ((log, -5, -1), (linear, 2, 4)):
        assert low <= min(values) < low + 0.01 < high - 0.01 < max(values) <= high
        assert sum(values) / len(values) == pytest.approx((low + high) / 2, abs=0.1)


def test_numbers_are_drawn_to_three_digits() -> None:
    rng = Random(2)
    drawn = [Axis(low=1e-5, high=1e-1).draw(rng) for _ in range(100)]
    assert drawn == [float(f"{value:.3g}") for value in drawn]


def test_a_trial_is_a_cell_with_what_was_drawn_over_the_settings_of_all() -> None:
    search = Search("PPO", 40, SPACE, run={"algorithm": {"name": "ppo"}, "rollout": {"max_tokens": 9}})
    found = trials("ppo", search)
    assert [t.name for t in found[:2]] == ["ppo-01", "ppo-02"]
    assert found[1].label == "PPO, trial 2"
    for trial in found:
        assert set(trial.run["algorithm"]) == {"name", "clip_low"}
        assert (
            trial.run["rollout"]["max_tokens"],
            trial.run["rollout"]["prompts"] * trial.run["rollout"]["group_size"],
        ) == (9, 64)
    assert {t.run["train"]["minibatches"] for t in found} == {1, 2, 4}
    assert len({t.run["train"]["lr"] for t in found}) == 40


def test_the_first_trials_do_not_depend_on_how_many_there_are_and_the_seed_changes_them() -> None:
    five = trials("ppo", Search("PPO", 5, SPACE))
    assert five == trials("ppo", Search("PPO", 9, SPACE))[:5]
    assert five != trials("ppo", Search("PPO", 5, SPACE, seed=1))
    assert [t.run for t in five] != [t.run for t in trials("grpo", Search("PPO", 5, SPACE))]


@pytest.mark.parametrize(
    ("axis", "told"),
    [
        (Axis(), "give values, or low and high"),
        (Axis(low=1.0), "give values, or low and high"),
        (Axis(values=[1], low=1.0, high=2.0), "not both"),
        (Axis(low=2.0, high=1.0), "low must be below high, got 2 and 1"),
        (Axis(low=0.0, high=1.0), "above 0 on a log scale"),
    ],
)
def test_mistakes_are_told_with_their_place(axis: Axis, told: str) -> None:
    (line,) = problems({"ppo": Search("PPO", 1, {"train.lr": axis})}, {})
    assert line.startswith("searches.ppo.space.train.lr: ") and told in line


def test_a_search_has_no_cells_name() -> None:
    assert list(problems({"a": Search("A", 1, {"seed": Axis(values=[1])})}, {"a": None})) == [
        "searches.a: a cell has this name as well; rename one of them"
    ]
