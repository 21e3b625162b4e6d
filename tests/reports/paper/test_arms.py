"""Cells by themselves, the trials of a search together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import load
from rlvr_bench.reports.paper.arms import arms
from tests.reports import core, synthetic
from tests.reports.synthetic import CELLS, LEARNING


def test_a_cell_is_an_arm_of_each_of_its_parts(tmp_path: Path) -> None:
    found = arms(load(synthetic.write(tmp_path, CELLS, steps=2)))
    assert [(a.part.name, a.label, len(a.runs)) for a in found] == [
        (part, cell.label, 3) for part in ("learning", "systems") for cell in CELLS
    ]


def test_a_cell_that_left_no_configuration_is_none(tmp_path: Path) -> None:
    cells = [replace(CELLS[0], status=dict.fromkeys(range(3), "missing")), CELLS[2]]
    assert [a.name for a in arms(load(synthetic.write(tmp_path, cells, [LEARNING], steps=2)))] == ["grpo"]


def test_trials_are_one_arm_with_what_was_searched(tmp_path: Path) -> None:
    trials = core.trials("ppo", 4)
    rates = [t.settings["train"]["lr"] for t in trials]
    (arm,) = arms(load(synthetic.write(tmp_path, trials, [core.SEARCH], steps=2)))
    assert (arm.label, len(arm.runs)) == ("PPO, 4 trials", 12)
    assert arm.texts["train.lr"] == f"{min(rates):g} to {max(rates):g} (searched)"
    assert arm.texts["algorithm.name"] == "ppo"
    lambdas = sorted({t.settings["algorithm"]["gae_lambda"] for t in trials})
    assert arm.texts["algorithm.gae_lambda"] == " or ".join(map(str, lambdas)) + " (searched)" * (len(lambdas) > 1)


def test_the_seed_is_no_setting_and_paths_are_cut(tmp_path: Path) -> None:
    cell = replace(CELLS[2], settings={"model": {"name": "/home/someone/models/mine"}})
    (arm,) = arms(load(synthetic.write(tmp_path, [cell], [LEARNING], steps=2)))
    assert "seed" not in arm.texts
    assert arm.texts["model.name"] == "…/mine"
