"""Every table with rows is written, as LaTeX and as CSV; a new one by one entry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rlvr_bench.reports.load import Study, load
from rlvr_bench.reports.page import tables
from rlvr_bench.reports.page.table import Table
from rlvr_bench.reports.page.tables import TableKind, make_tables, write_tables
from tests.reports import synthetic
from tests.reports.judge import learning_study
from tests.reports.synthetic import CELLS


def written(folder: Path) -> set[str]:
    return {p.stem for p in folder.iterdir() if p.suffix == ".csv"} & {
        p.stem for p in folder.iterdir() if p.suffix == ".tex"
    }


def write(study: Study, folder: Path) -> None:
    write_tables(study, make_tables(study), [], folder)


def test_tables_with_rows_are_written(tmp_path: Path) -> None:
    write(load(synthetic.write(tmp_path / "study", steps=8)), tmp_path / "tables")
    both = [f"{name}-{part}" for name in ("comparison", "memory", "pairwise") for part in ("learning", "systems")]
    learning = [f"{name}-learning" for name in ("budgets", "targets", "instruments", "overoptimization")]
    assert written(tmp_path / "tables") == {*both, *learning, "findings"}
    assert (tmp_path / "tables/seeds-systems.csv").read_text().count("\n") == 1 + 9  # three cells, three seeds
    assert "states_per_parameter" in (tmp_path / "tables/comparison-systems.csv").read_text()


def test_a_new_table_is_one_function_and_one_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = TableKind(name="mine", section="s", make=lambda part, cells: Table("t", ("a",), ((str(len(cells)),),)))
    monkeypatch.setattr(tables, "TABLES", (mine,))
    write(learning_study(tmp_path / "study", *CELLS), tmp_path / "tables")
    assert written(tmp_path / "tables") == {"mine-learning", "findings"}
    assert (tmp_path / "tables/mine-learning.csv").read_text() == "a\n3\n"


def test_each_printed_table_has_a_title_and_a_label_of_its_own(tmp_path: Path) -> None:
    write(load(synthetic.write(tmp_path / "study", steps=8)), tmp_path / "tables")
    texts = [p.read_text() for p in (tmp_path / "tables").glob("*.tex")]
    for command in ("caption", "label"):
        found = [m for text in texts for m in re.findall(rf"\\{command}{{(.*)}}", text)]
        assert len(set(found)) == len(found) == len(texts)
    assert "\\label{tab:memory-systems}" in (tmp_path / "tables/memory-systems.tex").read_text()
