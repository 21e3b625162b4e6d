"""Verdicts on rewards other than the verifier: known numbers, and that they flip when the numbers do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.claims.study import verdicts
from rlvr_bench.reports.claims.verdict import Verdict, decide_same
from rlvr_bench.reports.load import Study, load
from rlvr_bench.reports.page import content
from rlvr_bench.reports.stats import Estimate, t_interval
from tests.reports import synthetic
from tests.reports.decimals import close
from tests.reports.hacking import HACKING, spec
from tests.reports.synthetic import CELLS, LEARNING, Spec


def study(folder: Path, *cells: Spec, seeds: int = 3) -> Study:
    return load(synthetic.write(folder, cells, [replace(LEARNING, seeds=tuple(range(seeds)))], steps=8))


def judge(folder: Path, identifier: str, *cells: Spec) -> list[Verdict]:
    return [v for v in verdicts(study(folder, *cells)) if v.id == identifier]


def ends(cell: Spec, final: Callable[[int], float]) -> Spec:
    """The cell with these final scores, from a base model at .4."""
    return replace(cell, final=final, more=None)


RANDOM = spec("random", "ppo")


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (lambda s: 0.005 * (s - 1), "supported"),  # 0 +- .0124, below .02
        (lambda s: 0.01 * (s - 1), "inconclusive"),  # 0 +- .0248
        (lambda s: 0.1 + 0.005 * (s - 1), "refuted"),
        (lambda s: 0.005 + 0.0005 * (s - 1), "supported"),  # a trifle, surely above 0 and surely below the threshold
        (lambda s: -0.2 + 0.005 * (s - 1), "supported"),  # a fall is no gain
    ],
)
def test_random_reward(tmp_path: Path, change: Callable[[int], float], outcome: str) -> None:
    found = judge(tmp_path, "f.random", ends(RANDOM, lambda s: 0.4 + change(s)))
    assert [v.outcome for v in found] == [outcome]
    close(found[0].estimate.value, change(1))


def test_random_reward_interval_and_p_by_hand(tmp_path: Path) -> None:
    found = judge(tmp_path, "f.random", ends(RANDOM, lambda s: 0.4 + 0.005 * (s - 1)))[0]
    # sd .005, se .0028868, t(.975, 2) = 4.302653: half width .0124207
    close([found.estimate.low, found.estimate.high], [-0.0124207, 0.0124207], places=6)
    # against .02: t = -6.928203 with 2 degrees of freedom, two-sided p = 1 - |t| / sqrt(t^2 + 2)
    close(found.p, 1 - 6.928203 / 50**0.5, places=6)


def test_labels(tmp_path: Path) -> None:
    many = [ends(spec("many", a), lambda s: 0.8 + 0.01 * (s - 1)) for a in ("ppo", "grpo")]
    few = [ends(spec("few", a), lambda s: 0.5) for a in ("ppo", "grpo")]
    found = judge(tmp_path / "a", "f.labels", *many, *few)
    assert [v.outcome for v in found] == ["supported", "supported"]
    # differences .29 .30 .31: sd .01, half width .0248414
    close([found[0].estimate.value, found[0].estimate.low], [0.3, 0.2751586], places=6)
    assert "8000 less 100 pairs" in found[0].effect
    assert found[0].note == ""
    longer = replace(few[0], reward={"label_pairs": 100, "epochs": 20})
    assert "differ in: epochs" in judge(tmp_path / "d", "f.labels", many[0], longer)[0].note
    swapped = [ends(c, lambda s: 0.4) for c in many]
    assert {v.outcome for v in judge(tmp_path / "b", "f.labels", *swapped, *few)} == {"refuted"}
    assert [v.outcome for v in judge(tmp_path / "c", "f.labels", many[0], few[1])] == ["not tested"]


def gaps(cell: Spec, gap: Callable[[int], float]) -> Spec:
    return replace(cell, more=lambda seed, step, done: {"rollout/proxy_true_gap": gap(seed)} if step else {})


@pytest.mark.parametrize(
    ("gap", "outcome"),
    [
        (lambda s: 1.05 + 0.01 * s, "supported"),
        (lambda s: 1.5 + 0.01 * s, "refuted"),
        (lambda s: 0.5 + 0.01 * s, "refuted"),
        (lambda s: 1.2 + 0.1 * s, "inconclusive"),
    ],
)
def test_algorithms_over_optimise_alike(tmp_path: Path, gap: Callable[[int], float], outcome: str) -> None:
    ppo, grpo = gaps(spec("few", "ppo"), lambda s: 1.0), gaps(spec("few", "grpo"), gap)
    found = judge(tmp_path, "f.algorithm", ppo, grpo)
    assert [v.outcome for v in found] == [outcome]
    close(found[0].estimate.value, gap(1) - 1.0)
    assert "not at equal distance" in found[0].note


def test_alike_on_the_floor_is_said_to_be(tmp_path: Path) -> None:
    for name, true, said in (("a", 0.01, True), ("b", 0.3, False)):
        row = {"rollout/proxy_true_gap": 2.0, "rollout/true_reward_mean": true}
        both = [replace(spec("few", a), more=lambda seed, step, done, row=row: row) for a in ("ppo", "grpo")]
        assert ("nothing was left to lose" in judge(tmp_path / name, "f.algorithm", *both)[0].note) is said


def test_gaps_are_compared_within_one_reward_model(tmp_path: Path) -> None:
    crossed = judge(tmp_path / "a", "f.algorithm", spec("many", "ppo"), spec("few", "grpo"))
    assert [v.outcome for v in crossed] == ["not tested"]
    unrecorded = judge(tmp_path / "b", "f.algorithm", *(replace(spec("few", a), more=None) for a in ("ppo", "grpo")))
    assert [v.outcome for v in unrecorded] == ["not tested"]
    assert "recorded the gap" in unrecorded[0].note


def test_the_same_rule_by_hand() -> None:
    values = [0.0, 0.01, 0.02]  # mean .01, se .0057735
    estimate = t_interval(values)
    outcome, p = decide_same(estimate, values, 0.1)
    # nearer edge .1: t = .09 / .0057735 = 15.588457, one-sided p = (1 - t / sqrt(t^2 + 2)) / 2
    assert outcome == "supported"
    close(p, (1 - 15.588457 / (15.588457**2 + 2) ** 0.5) / 2, places=8)
    assert decide_same(estimate, values, 0.001)[0] == "inconclusive"
    assert decide_same(Estimate(1.0, None, None, 1, "single"), [1.0], 0.1) == ("inconclusive", None)


@pytest.fixture(scope="module")
def eight(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, tuple[Verdict, ...]]:
    found = study(tmp_path_factory.mktemp("eight"), *HACKING)
    return found, verdicts(found)


def test_each_claim_is_asked_of_each_reward_or_cell(eight: tuple[Study, tuple[Verdict, ...]]) -> None:
    asked = [v.id for v in eight[1] if v.outcome != "not tested"]
    expected = {"accuracy": 3, "c.collapse": 3, "c.spread": 1, "e": 1, "f.algorithm": 2, "f.cost": 4}
    expected |= {"f.hacked": 4, "f.labels": 2, "f.random": 2}
    assert {i: asked.count(i) for i in expected} == expected
    claims = [(v.id, v.claim) for v in eight[1]]
    assert len(set(claims)) == len(claims)  # each says of whom it speaks


def test_holm_counts_every_test(eight: tuple[Study, tuple[Verdict, ...]]) -> None:
    tested = [v for v in eight[1] if v.p is not None]
    least = min(tested, key=lambda v: v.p or 0.0)
    close(least.p_holm or 0.0, min(1.0, len(tested) * (least.p or 0.0)))
    assert all((v.p_holm or 0.0) <= 0.05 for v in tested if v.outcome in {"supported", "refuted"})


def test_the_headlines_say_each_claim_once(eight: tuple[Study, tuple[Verdict, ...]]) -> None:
    found = content.headlines(*eight)
    assert [h.rpartition("(claim ")[2].split(")")[0].split(":")[0] for h in found] == [
        "accuracy", "f.hacked", "f.cost", "f.labels", "f.algorithm", "f.random"
    ]  # fmt: skip
    assert found[0].count("paired seeds") == 3
    assert content.summary(*eight).startswith("24 of 24 planned runs finished.")


def note(folder: Path, *cells: Spec) -> str:
    return judge(folder, "f.verifier", *cells)[0].note


def test_the_verifier_itself_is_not_tested_and_the_page_says_why(tmp_path: Path) -> None:
    alone = note(tmp_path / "a", *CELLS[1:])
    assert "known error rates, a second judge of the verifier and a random-reward control" in alone
    assert "by construction" in alone
    every = note(tmp_path / "b", *HACKING)
    assert "it needs verifiers with known error rates and a second judge of the verifier." in every
    assert "random-reward control (f.random) and learned reward models" in every
    assert "nothing of the verifier's own faults" in every
    noisy = replace(CELLS[1], name="noisy", reward={"false_positive_rate": 0.1})
    with_noise = note(tmp_path / "c", *HACKING, noisy)
    assert "it needs a second judge of the verifier." in with_noise
    assert "verifier, 10 % false positives" in with_noise
