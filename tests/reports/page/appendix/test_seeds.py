"""Every planned run is listed with its numbers, however it ended."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import Run
from rlvr_bench.reports.page.appendix.seeds import cell_seeds, seed_of, seeds_csv
from rlvr_bench.reports.page.links import links
from tests.reports.decimals import close
from tests.reports.judge import learning_study
from tests.reports.synthetic import CELLS, LEARNING

MIB = 1024**2


def test_csv_has_a_line_a_run(tmp_path: Path) -> None:
    learned = replace(CELLS[0], status={1: "oom", 2: "missing"}, reason="no\nmemory", reward={"label_seed": 7})
    cells = learning_study(tmp_path, learned, CELLS[2], steps=40).cells(LEARNING)
    rows = list(csv.DictReader(io.StringIO(seeds_csv(LEARNING, cells))))
    assert [(r["cell"], r["seed"], r["status"]) for r in rows[:4]] == [
        ("ppo-rm", "0", "completed"), ("ppo-rm", "1", "oom"), ("ppo-rm", "2", "not run"), ("grpo", "0", "completed")
    ]  # fmt: skip
    assert (rows[0]["label_seed"], rows[3]["label_seed"]) == ("7", "")  # one trains on a reward model, one does not
    assert rows[1]["reason"] == "no memory"
    assert rows[2]["pass1"] == ""
    close([float(rows[3][k]) for k in ("pass1", "greedy", "seconds_per_step")], [0.91, 0.93, 1.0])
    close([float(rows[3][k]) for k in ("peak_bytes", "state_bytes")], [45 * MIB, 20e6])


def test_rows_fold_under_their_cell(tmp_path: Path) -> None:
    cells = learning_study(tmp_path, replace(CELLS[2], status={0: "missing"}), steps=40).cells(LEARNING)
    shown = cell_seeds(cells, links(learning_study(tmp_path / "again", CELLS[2]), tmp_path, tmp_path / "report"))[0]
    assert shown.summary == "2 of 3 runs finished, pass@1 0.920 to 0.930"
    assert [(row.seed, row.status, row.link) for row in shown.rows[:2]] == [
        (0, "not run", ""), (1, "completed", "../learning/grpo/seed-1/")
    ]  # fmt: skip
    assert len(shown.columns) == 2 + len(shown.rows[0].entries)
    assert "base seed" not in shown.columns  # none was recorded
    assert "explained variance" not in shown.columns
    assert set(shown.rows[0].entries) == {"—"}


def test_seeds_of_a_configuration() -> None:
    run = Run("p", "c", 0, "completed", "", None, {"warm_start": {"seed": 3}, "reward": 1}, "", {}, (), ())
    assert (seed_of(run, "warm_start", "seed"), seed_of(run, "reward", "label_seed"), seed_of(run, "x", "y")) == (
        3,
        None,
        None,
    )
