"""Whether a part could tell its cells apart, in numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.page.opening.instruments import NOTE, instrument_table, updates
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS, LEARNING


def test_clipping_critic_and_room(tmp_path: Path) -> None:
    def more(seed: int, step: int, done: float) -> dict[str, float]:
        return {"train/clip_fraction": 0.1 * (1 + step % 2), "train/explained_variance": float(step), "eval/items": 64}

    table = instrument_table(LEARNING, cells_of(tmp_path, replace(CELLS[1], more=more), steps=8))
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert (row["greedy before"], row["pass@1 before"]) == ("0.420", "0.400")
    assert row["updates"] == "2"  # 1 epoch x 2 minibatches
    assert row["clip fraction"] == "0.150"  # of .2 and .1, four times each
    assert row["explained variance"] == "+7.500"  # steps 7 and 8
    assert (row["items"], row["timed steps"]) == ("64", "7")
    assert table.note == NOTE


def test_cells_without_a_critic_have_a_dash_and_alone_no_column(tmp_path: Path) -> None:
    both = instrument_table(LEARNING, cells_of(tmp_path / "a", *CELLS[1:], steps=8))
    assert both.rows[1][both.columns.index("explained variance")] == "—"
    alone = instrument_table(LEARNING, cells_of(tmp_path / "b", CELLS[2], steps=8))
    assert "explained variance" not in alone.columns


def test_what_a_pretrained_critic_explained_before_the_run(tmp_path: Path) -> None:
    (cell,) = cells_of(tmp_path, CELLS[1])
    assert "critic pretrained on" not in instrument_table(LEARNING, [cell]).columns
    facts = {"completions": 5120, "explained_variance": 0.25}
    runs = tuple(replace(r, summary=r.summary and replace(r.summary, critic=facts)) for r in cell.runs)
    table = instrument_table(LEARNING, [replace(cell, runs=runs)])
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert (row["critic pretrained on"], row["explained variance before"]) == ("5120", "+0.250")


def test_runs_that_did_not_finish_count_for_nothing(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, replace(CELLS[2], status={0: "failed"}))
    assert instrument_table(LEARNING, cells).rows == ()
    assert updates(replace(cells[0], runs=())) == "—"
