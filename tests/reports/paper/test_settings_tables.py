"""Every setting stands in one table: of all, by part, or by cell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import load
from rlvr_bench.reports.numbers import ABSENT
from rlvr_bench.reports.paper.arms import arms
from rlvr_bench.reports.paper.settings_tables import settings_tables
from tests.reports import synthetic
from tests.reports.synthetic import CELLS, Spec

FAST = replace(CELLS[2], name="fast", label="GRPO, fast", settings={"train": {"lr": 1e-2}})


def by_part(part, cell, seed) -> dict:
    """Temperature depends on the part, minibatches on both."""
    both = 4 if part.name == "systems" and cell.name == "ppo" else 2
    return {"rollout": {"temperature": 0.5 if part.name == "systems" else 1.0}, "train": {"minibatches": both}}


def test_each_setting_is_where_it_depends(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, [*CELLS[1:], FAST], config=by_part, steps=4))
    tables = dict(settings_tables(study))
    assert list(tables) == ["settings-common", "settings-by-cell", "settings-by-part"]
    common = {pair for row in tables["settings-common"].rows for pair in (row[:2], row[2:])}
    assert ("rollout.group_size", "8") in common
    of_cell = {row[0]: row[1:] for row in tables["settings-by-cell"].rows}
    assert tables["settings-by-cell"].columns == ("setting", "PPO, verifier", "GRPO, verifier", "GRPO, fast")
    assert of_cell["train.lr"] == ("0.0003", "0.0003", "0.01")
    assert of_cell["algorithm.gae_lambda"] == ("1.0", ABSENT, ABSENT)
    assert of_cell["train.minibatches (learning)"] == ("2", "2", "2")
    assert of_cell["train.minibatches (systems)"] == ("4", "2", "2")
    assert tables["settings-by-part"].columns == ("setting", "learning", "systems")
    assert tables["settings-by-part"].rows == (("rollout.temperature", "1.0", "0.5"),)


def test_nothing_is_lost_and_nothing_is_said_twice(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, [*CELLS[1:], FAST], config=by_part, steps=4))
    told = [
        name
        for file, table in settings_tables(study)
        for row in table.rows
        for name in (row[0::2] if file == "settings-common" else row[:1])
        if name
    ]
    assert len(told) == len(set(told))
    assert {name.partition(" (")[0] for name in told} == {key for arm in arms(study) for key in arm.texts}


def test_many_cells_go_on_in_further_tables(tmp_path: Path) -> None:
    cells = [
        Spec(f"c{i}", f"C{i}", "grpo", "verifier", ("actor",), settings={"train": {"lr": 10.0**-i}}) for i in range(7)
    ]
    tables = dict(settings_tables(load(synthetic.write(tmp_path, cells, steps=2))))
    assert tables["settings-by-cell"].columns == ("setting", "C0", "C1", "C2", "C3", "C4")
    assert tables["settings-by-cell-2"].rows == (("train.lr", "1e-05", "1e-06"),)
