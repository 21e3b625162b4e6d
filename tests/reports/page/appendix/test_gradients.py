"""Trained or frozen, as the runs recorded it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.page.appendix.gradients import gradient_table
from tests.reports import synthetic
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS, LEARNING, Spec


def test_roles_in_their_order_and_unknown_ones_last(tmp_path: Path) -> None:
    mine = Spec("mine", "Mine", "mine", "both", ("actor", "tutor"))
    table = gradient_table(LEARNING, cells_of(tmp_path, CELLS[1], mine))
    assert table.columns == ("cell", "actor", "critic", "reference", "tutor")
    trained, frozen = "trained, 1,000,000 parameters", "frozen, 1,000,000 parameters"
    assert table.rows == (("PPO, verifier", trained, trained, frozen, "—"), ("Mine", trained, "—", "—", frozen))


def test_unknown_models_are_no_row(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, replace(CELLS[2], status={0: "missing"}))
    assert gradient_table(LEARNING, cells).rows == ()


def test_of_a_model_with_adapters_a_part_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "states", synthetic.adapted_states)
    ((_, actor, reference),) = gradient_table(LEARNING, cells_of(tmp_path, CELLS[2])).rows
    assert (actor, reference) == ("trained, 10,000 of 1,010,000 parameters", "frozen, 1,000,000 parameters")
