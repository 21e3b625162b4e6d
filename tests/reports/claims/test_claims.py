"""Verdicts on studies with known numbers, and that they flip when the numbers do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.claims.cost import cost_units
from rlvr_bench.reports.claims.study import unique_untested, verdicts
from rlvr_bench.reports.claims.verdict import Verdict, adjust, decide_above, decide_inside
from rlvr_bench.reports.load import load
from rlvr_bench.reports.stats import Estimate
from tests.reports import synthetic
from tests.reports.decimals import close
from tests.reports.synthetic import CELLS, LEARNING, MIB, SYSTEMS, Spec

PPO_FOUR, PPO, GRPO = CELLS


def judge(folder: Path, *cells: Spec, **changes) -> dict[str, Verdict]:
    study = load(synthetic.write(folder, cells or CELLS, steps=8, **changes))
    return {v.id: v for v in reversed(verdicts(study))}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    return judge(tmp_path_factory.mktemp("study"))


def test_models_are_judged_at_one_reward_source(found: dict[str, Verdict]) -> None:
    assert found["a"].outcome == "refuted"
    assert "PPO, four models: 4" in found["a"].effect
    assert "keeps 3 models and GRPO 2" in found["a"].sentence


def test_states_are_exact(found: dict[str, Verdict]) -> None:
    # 16 + 16 + 4 + 4 = 40 against 16 + 4 = 20; matched 36 against 20
    close(found["b.states.four"].estimate.value, 0.5)
    close(found["b.states.matched"].estimate.value, 1 - 20 / 36)
    assert {found[f"b.states.{k}"].outcome for k in ("four", "matched")} == {"supported"}


def test_peak_saving_leaves_out_warm_up_and_baseline(found: dict[str, Verdict]) -> None:
    # peaks without the baseline (45, 46, 47) / (100, 101, 102): mean of the logs, exponentiated
    expected = 1 - ((45 * 46 * 47) / (100 * 101 * 102)) ** (1 / 3)
    close(found["b.peak.four"].estimate.value, expected)
    assert found["b.peak.four"].outcome == "supported"


@pytest.mark.parametrize(("mib", "outcome"), [(45, "supported"), (80, "refuted")])
def test_peak_verdict_flips(tmp_path: Path, mib: int, outcome: str) -> None:
    changed = replace(GRPO, peak=lambda s: (mib + 0.1 * s) * MIB)
    flipped = judge(tmp_path, PPO_FOUR, PPO, changed, parts=[SYSTEMS])
    assert flipped["b.peak.four"].outcome == outcome


def test_a_peak_that_is_not_the_models_is_not_judged(tmp_path: Path) -> None:
    """States of 40 MB in a process of 500 MiB: what differs there is the process."""
    large = [replace(cell, peak=lambda s: (500 + s) * MIB) for cell in (PPO_FOUR, PPO, GRPO)]
    found = judge(tmp_path, *large, parts=[SYSTEMS])
    assert {found[f"b.peak.{k}"].outcome for k in ("four", "matched")} == {"not tested"}
    assert {found[f"b.states.{k}"].outcome for k in ("four", "matched")} == {"supported"}


def test_peak_on_the_threshold_is_inconclusive(tmp_path: Path) -> None:
    found = judge(tmp_path, PPO_FOUR, PPO, replace(GRPO, peak=lambda s: (55 + 5 * s) * MIB), parts=[SYSTEMS])
    assert found["b.peak.four"].outcome == "inconclusive"


def test_cost_model_numbers() -> None:
    four, three, two = (
        {"actor", "critic", "reference", "reward"},
        {"actor", "critic", "reference"},
        {"actor", "reference"},
    )
    assert [cost_units(frozenset(r), 1) for r in (four, three, two, {"actor"})] == [22, 20, 12, 10]
    assert cost_units(frozenset(two), 2) == 18
    assert cost_units(frozenset(two), 1, scores_actor=False) == 10


@pytest.mark.parametrize(
    ("name", "settings", "minibatches", "scores"),
    [
        ("grpo", {"kl_coef": 0.04}, 1, False),
        ("grpo", {"kl_coef": 0.04}, 2, True),
        ("ppo", {"kl_coef": 0.05, "kl_placement": "reward"}, 1, True),
        ("ppo", {"kl_coef": 0.05, "kl_placement": "loss"}, 1, False),
        ("ppo", {"kl_coef": 0.0, "kl_placement": "reward"}, 1, False),
        ("somebody-elses", {}, 1, True),
    ],
)
def test_who_scores_the_actor(name: str, settings: dict[str, Any], minibatches: int, scores: bool) -> None:
    config = {"algorithm": {"name": name, **settings}, "train": {"epochs": 1, "minibatches": minibatches}}
    assert matching.scores_actor(SimpleNamespace(config=config)) is scores


@pytest.mark.parametrize(("seconds", "outcome"), [(1.67, "supported"), (3.0, "refuted")])
def test_time_verdict_flips(tmp_path: Path, seconds: float, outcome: str) -> None:
    changed = replace(PPO, seconds=lambda s: seconds * (1 + 0.002 * s))
    assert judge(tmp_path, PPO_FOUR, changed, GRPO, parts=[SYSTEMS])["time.matched"].outcome == outcome


def test_accuracy_is_an_equivalence(found: dict[str, Verdict], tmp_path: Path) -> None:
    close(found["accuracy"].estimate.value, 0.01)
    assert found["accuracy"].outcome == "supported"
    worse = replace(PPO, final=lambda s: 0.70 + 0.001 * s)
    assert judge(tmp_path / "a", worse, GRPO)["accuracy"].outcome == "refuted"
    noisy = replace(PPO, final=lambda s: 0.80 + 0.1 * s)
    assert judge(tmp_path / "b", noisy, GRPO)["accuracy"].outcome == "inconclusive"


def test_three_seeds_without_a_collapse_decide_nothing(found: dict[str, Verdict]) -> None:
    assert found["c.collapse"].outcome == "inconclusive"
    assert "63.2 %" in found["c.collapse"].note
    assert found["c.spread"].outcome == "inconclusive"


def test_silent_groups_flip(found: dict[str, Verdict], tmp_path: Path) -> None:
    assert found["e"].outcome == "supported"
    assert judge(tmp_path, PPO, replace(GRPO, zero_groups=0.9))["e"].outcome == "refuted"


def test_learned_reward(found: dict[str, Verdict], tmp_path: Path) -> None:
    assert found["f.cost"].outcome == "supported"
    assert found["f.hacked"].outcome == "refuted"  # the true reward rises along
    hacked = replace(PPO_FOUR, final=lambda s: 0.1 + 0.001 * s)
    assert judge(tmp_path, hacked, PPO, GRPO)["f.hacked"].outcome == "supported"


def test_what_cannot_be_tested_is_listed_with_its_reason(found: dict[str, Verdict], tmp_path: Path) -> None:
    for identifier in ("c.sensitivity", "d", "f.verifier", "g", "i"):
        assert found[identifier].outcome == "not tested"
        assert found[identifier].note
    alone = verdicts(load(synthetic.write(tmp_path, [GRPO], [SYSTEMS])))
    assert {v.outcome for v in alone} == {"not tested"}
    assert {"a", "b.peak.four", "accuracy", "e"} <= {v.id for v in unique_untested(alone)}


def test_one_seed_has_no_interval(tmp_path: Path) -> None:
    parts = [replace(LEARNING, seeds=(1,)), replace(SYSTEMS, seeds=(1,))]
    found = judge(tmp_path, parts=parts)
    assert found["b.peak.four"].outcome == "inconclusive"
    assert "n = 1, no interval" in found["b.peak.four"].effect


def test_cells_are_known_by_configuration_not_by_name(found: dict[str, Verdict], tmp_path: Path) -> None:
    renamed = [replace(c, name=f"x{i}") for i, c in enumerate(reversed(CELLS))]
    again = judge(tmp_path, *renamed)
    assert {k: v.outcome for k, v in again.items()} == {k: v.outcome for k, v in found.items()}


def test_decisions() -> None:
    def estimate(low: float, high: float) -> Estimate:
        return Estimate((low + high) / 2, low, high, 3, "t")

    assert [decide_above(estimate(*i), 0) for i in ((1, 2), (-2, -1), (-1, 1))] == [
        "supported",
        "refuted",
        "inconclusive",
    ]
    inside = [decide_inside(estimate(*i), 0, 10) for i in ((1, 2), (11, 12), (-2, -1), (9, 11))]
    assert inside == ["supported", "refuted", "refuted", "inconclusive"]
    assert decide_above(Estimate(1, None, None, 1, "single"), 0) == "inconclusive"


def test_holm_withdraws_a_decision() -> None:
    found = adjust(
        [
            Verdict("x", "", "supported", p=0.03),
            Verdict("y", "", "supported", p=0.001),
            Verdict("z", "", "refuted", p=0.04),
        ]
    )
    # .001 * 3 = .003, .03 * 2 = .06, then .06
    assert [v.outcome for v in found] == ["inconclusive", "supported", "inconclusive"]
    assert "Holm" in found[0].note
