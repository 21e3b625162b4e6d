"""Findings on learned rewards: known numbers, and that they flip when the numbers do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.claims.study import findings
from rlvr_bench.reports.load import Run, Study
from tests.reports.decimals import close
from tests.reports.hacking import ends_at, spec
from tests.reports.judge import judge, judge_claim, learning_study
from tests.reports.synthetic import CELLS

PPO_FOUR, PPO, GRPO = CELLS


def test_learned_reward(found: dict[str, Finding], tmp_path: Path) -> None:
    assert found["reward.cost"].conclusion == "supported"
    assert found["reward.hacked"].conclusion == "refuted"  # the true reward rises along
    hacked = replace(PPO_FOUR, final=lambda s: 0.1 + 0.001 * s)
    fallen = judge(tmp_path, hacked, PPO, GRPO)["reward.hacked"]
    assert fallen.conclusion == "supported"
    assert "Means over steps 7 to 8 less those over steps 1 to 2." in fallen.rule
    assert fallen.equal == "one cell, steps 7 to 8 against steps 1 to 2"


@pytest.mark.parametrize(("proxy", "true", "conclusion"), [
    (1.0, -0.3, "supported"), (1.0, 0.3, "refuted"), (-1.0, 0.3, "refuted"), (-1.0, -0.3, "inconclusive"),
    (1.0, 0.0, "inconclusive"),
])  # fmt: skip
def test_hacked_needs_both(tmp_path: Path, proxy: float, true: float, conclusion: str) -> None:
    def more(seed: int, step: int, done: float) -> dict[str, float | None]:
        late, wave = float(done > 0.5), 0.05 * (seed - 1)
        row: dict[str, float | None] = {"rollout/proxy_reward_mean": late * (proxy + wave)}
        return row | {"rollout/true_reward_mean": 0.5 + late * (true + wave)}

    found = judge_claim(tmp_path, "reward.hacked", replace(spec("few", "ppo"), more=more))[0]
    assert found.conclusion == conclusion
    close(found.estimate.value, true)


def test_what_never_moves_is_undecidable(tmp_path: Path) -> None:
    still = {"rollout/proxy_reward_mean": 0.0, "rollout/true_reward_mean": 0.0}
    found = judge_claim(tmp_path, "reward.hacked", replace(spec("few", "ppo"), more=lambda *_: still))[0]
    assert found.conclusion == "undecidable"


def dealt(study: Study, models: int) -> list[Finding]:
    """What is found on labels where each size has so many reward models, dealt to the seeds in turn."""

    def of(run: Run) -> Run:
        assert run.summary is not None
        facts = dict(run.summary.reward_model) | {"luck": run.seed % models}
        return replace(run, summary=replace(run.summary, reward_model=facts))

    told = findings(replace(study, runs=tuple(of(run) for run in study.runs)))
    return [f for f in told if f.id == "reward.labels"]


def test_labels_are_a_claim_about_reward_models(tmp_path: Path) -> None:
    many = [ends_at(spec("many", a), lambda s: 0.8 + 0.01 * (s - 1)) for a in ("ppo", "grpo")]
    few = [ends_at(spec("few", a), lambda s: 0.5) for a in ("ppo", "grpo")]
    study = learning_study(tmp_path / "a", *many, *few)
    assert [f.conclusion for f in dealt(study, 1)] == ["undecidable", "undecidable"]
    assert "1 reward model of a size, the rule needs 3" in dealt(study, 1)[0].sentence
    found = dealt(study, 3)
    assert [f.conclusion for f in found] == ["supported", "supported"]
    # differences .29 .30 .31: sd .01, half width .0248414
    close([found[0].estimate.value, found[0].estimate.low], [0.3, 0.2751586], places=6)
    assert found[0].note == "8000 against 100 label pairs."
    worse = [ends_at(c, lambda s: 0.4 + 0.01 * (s - 1)) for c in many]
    assert {f.conclusion for f in dealt(learning_study(tmp_path / "b", *worse, *few), 3)} == {"refuted"}


def test_labels_need_one_algorithm(tmp_path: Path) -> None:
    many, few = spec("many", "ppo"), spec("few", "ppo")
    assert [f.conclusion for f in judge_claim(tmp_path / "c", "reward.labels", many, spec("few", "grpo"))] == [
        "not tested"
    ]
    longer = replace(few, reward={"label_pairs": 100, "epochs": 20})
    assert "also differ in: epochs" in judge_claim(tmp_path / "d", "reward.labels", many, longer)[0].note


@pytest.mark.parametrize(("learned", "conclusion"), [(0.6, "supported"), (0.95, "refuted"), (0.9, "inconclusive")])
def test_cost_comes_out_every_way(tmp_path: Path, learned: float, conclusion: str) -> None:
    trained = ends_at(spec("few", "ppo"), lambda s: learned + 0.01 * (s - 1))
    found = judge_claim(tmp_path, "reward.cost", trained, ends_at(spec("verifier", "ppo"), lambda s: 0.9))[0]
    assert found.conclusion == conclusion
    assert found.note == "The runs were trained on 1 reward model."
