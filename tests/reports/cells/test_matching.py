"""Cells are picked by configuration and models: pairs that differ by one thing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.load import Cell, load
from tests.reports import synthetic
from tests.reports.hacking import HACKING, spec
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS, LEARNING, Spec


def names(pairs: list[tuple[Cell, Cell]]) -> list[tuple[str, ...]]:
    return [tuple(c.name for c in pair) for pair in pairs]


def test_pairs_are_matched_within_one_reward_setting(tmp_path: Path) -> None:
    every = cells_of(tmp_path / "all", *HACKING)
    kinds = ("verifier", "many", "few", "random")
    assert names(matching.matched_pairs(every)) == [(f"ppo-{k}", f"grpo-{k}") for k in kinds]
    crossed = (spec("many", "ppo"), spec("few", "grpo"), spec("verifier", "ppo"), spec("random", "grpo"))
    assert matching.matched_pairs(cells_of(tmp_path / "crossed", *crossed)) == []


@pytest.mark.parametrize("needs", [{"exact_values": True}, {"rewards": False}])
def test_a_control_is_no_contender(tmp_path: Path, needs: dict[str, bool]) -> None:
    """It comes first and has the models of GRPO, and PPO is matched with GRPO all the same."""
    control = replace(CELLS[2], name="control", algorithm="control", needs=needs)
    found = cells_of(tmp_path, control, *CELLS)
    assert names(matching.matched_pairs(found)) == [("ppo", "grpo")]
    assert [c.cells and c.cells[1].name for c in matching.cost_contrasts(found)] == ["grpo", "grpo"]
    assert [c.name for c in found if matching.is_control(c)] == ["control"]


def test_a_noisy_verifier_is_not_the_verifier(tmp_path: Path) -> None:
    noisy = [
        replace(spec("verifier", a), name=f"{a}-noisy", reward={"false_positive_rate": 0.2}) for a in ("ppo", "grpo")
    ]
    found = cells_of(tmp_path, *noisy, *HACKING[:3])
    assert names([matching.matched_pair(found, "verifier")]) == [("ppo-verifier", "grpo-verifier")]
    assert names(matching.learned_pairs(found)) == [("ppo-many", "ppo-verifier")]
    assert len(matching.matched_pairs(found)) == 2


def test_label_pairs_are_of_one_size_and_one_share_of_wrong_labels(tmp_path: Path) -> None:
    """The most and the fewest of each kind of reward model; a kind with one number of labels has no pair."""
    kinds = [("", 0.0, 100), ("", 0.0, 800), ("tiny:32x2", 0.0, 50), ("tiny:32x2", 0.0, 900), ("", 0.25, 9)]
    few = spec("few", "grpo")
    cells = [
        replace(few, name=f"c{i}", reward={"label_pairs": pairs, "model": model, "label_noise": noise})
        for i, (model, noise, pairs) in enumerate(kinds)
    ]
    found = matching.label_pairs(cells_of(tmp_path, *cells))
    assert [(most.name, fewest.name) for most, fewest in found] == [("c1", "c0"), ("c3", "c2")]


def test_label_pairs_are_of_one_algorithm(tmp_path: Path) -> None:
    found = matching.label_pairs(cells_of(tmp_path / "all", *HACKING))
    assert names(found) == [("ppo-many", "ppo-few"), ("grpo-many", "grpo-few")]
    assert matching.label_pairs(cells_of(tmp_path / "crossed", spec("many", "ppo"), spec("few", "grpo"))) == []


def test_pairs_that_can_learn(tmp_path: Path) -> None:
    found = matching.teaching_pairs(cells_of(tmp_path, *HACKING))
    assert names(found) == [(f"ppo-{k}", f"grpo-{k}") for k in ("verifier", "many", "few")]
    assert matching.described(found[1], found) == "with a reward model of 8000 label pairs"
    twice = [found[0], found[0]]
    assert matching.described(found[0], twice) == "with a verifier (GRPO, verifier against PPO, verifier)"


def test_pairs_are_by_models_not_by_names(tmp_path: Path) -> None:
    mine = replace(CELLS[2], name="mine", algorithm="mine")
    critic = replace(CELLS[1], name="other", algorithm="other")
    assert names(matching.matched_pairs(cells_of(tmp_path, mine, critic))) == [("other", "mine")]


def test_of_two_settings_each_is_matched_with_its_like(tmp_path: Path) -> None:
    both = [replace(c, name=f"{c.name}-{n}", reward=c.reward) for n in (1, 4) for c in CELLS[1:]]

    def config(part: object, cell: Spec, seed: int) -> dict[str, dict[str, int]]:
        return {"train": {"minibatches": int(cell.name[-1])}, "warm_start": {"seed": seed}}

    study = load(synthetic.write(tmp_path / "a", both, [LEARNING], steps=2, config=config))
    cells = study.cells(LEARNING)
    assert names(matching.matched_pairs(cells)) == [("ppo-1", "grpo-1"), ("ppo-4", "grpo-4")]
    assert [matching.unlike(cells[0], c) for c in cells] == [0, 0, 1, 1]
    tuned = [c for c in cells if c.name in ("ppo-1", "grpo-4")]
    assert names(matching.matched_pairs(tuned)) == [("ppo-1", "grpo-4")]  # none is like it: the nearest


def test_seeds_of_labels_are_no_setting_of_the_reward(tmp_path: Path) -> None:
    def config(part: object, cell: Spec, seed: int) -> dict[str, dict[str, int]]:
        return {"reward": {"label_seed": seed + len(cell.name)}}

    study = load(
        synthetic.write(tmp_path, [spec("many", a) for a in ("ppo", "grpo")], [LEARNING], steps=2, config=config)
    )
    assert len(matching.matched_pairs(study.cells(LEARNING))) == 1


def test_cost_contrasts(tmp_path: Path) -> None:
    four, matched = matching.cost_contrasts(cells_of(tmp_path / "all", *CELLS))
    assert four.cells is not None
    assert matched.cells is not None
    assert names([four.cells, matched.cells]) == [("ppo-rm", "grpo"), ("ppo", "grpo")]
    assert (four.name, four.other) == ("four-model PPO", "GRPO")
    assert [c.cells for c in matching.cost_contrasts(cells_of(tmp_path / "one", CELLS[2]))] == [None, None]


def test_a_setting_that_is_absent_is_none(tmp_path: Path) -> None:
    cell = cells_of(tmp_path, CELLS[1])[0]
    assert matching.setting(cell, "train", "minibatches") == 2
    assert matching.setting(cell, "train", "absent") is matching.setting(cell, "seed", "deeper") is None


def test_which_passes_a_step_made_is_read_from_the_records(tmp_path: Path) -> None:
    cells = [replace(CELLS[2], name=str(v), actor_scored=v) for v in (True, False, None)]
    found = cells_of(tmp_path, *cells, seeds=2)
    assert [matching.actor_scored(c) for c in found] == [True, False, None]
    mixed = replace(found[0], runs=(found[0].runs[0], found[1].runs[0]))
    assert matching.actor_scored(mixed) is None
