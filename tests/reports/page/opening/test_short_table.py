"""The short table: a row a cell behind those of the base model, and only columns that something is known for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.harness.records import BaseMeasurement, SampledCounts
from rlvr_bench.reports.load import Study
from rlvr_bench.reports.measures.cell_numbers import cell_numbers
from rlvr_bench.reports.page.opening.short_table import CEILING_NOTE, Entry, ShortTable, TimesToTarget, short_table
from tests.reports.judge import learning_study
from tests.reports.synthetic import CELLS, SYSTEMS


def made(study: Study, times: TimesToTarget | None = None) -> ShortTable:
    part = study.manifest.parts[0]
    return short_table(study, part, cell_numbers(study.cells(part)), times)


def test_columns_rows_and_intervals(tmp_path: Path) -> None:
    table = made(learning_study(tmp_path, *CELLS, steps=40))
    assert table.columns == ("cell", "pass@1", "s/step", "peak (MiB)", "states (MiB)")
    assert [row[0].value for row in table.rows] == [
        "before training, greedy", "before training, sampled", *(c.label for c in CELLS)
    ]  # fmt: skip
    assert [row[1].value for row in table.rows] == ["0.420", "0.400", "0.720", "0.910", "0.920"]
    assert table.rows[0][2:] == (Entry(""),) * 3
    grpo = table.rows[-1]
    # t interval of .91, .92, .93: mean .92, SD .01, 4.303 x .01 / sqrt(3) = .0248
    assert grpo[1] == Entry("0.920", "[0.895, 0.945]")
    assert grpo[3].value == "46.0"  # mean of 45, 46 and 47 MiB
    assert grpo[4] == Entry("19.1")  # 20 bytes x 1,000,000 parameters, exact
    assert table.plain().rows[-1][1] == "0.920 [0.895, 0.945]"


def test_the_measured_base_model_takes_the_place_of_the_first_evaluation(tmp_path: Path) -> None:
    study = learning_study(tmp_path, CELLS[2])
    cold, hot = (SampledCounts(t, 2, right, {"1": 0.0}) for t, right in ((0.5, (1, 2)), (1.0, (0, 1))))
    base = BaseMeasurement("h", ("grpo",), {}, "test", 2, (0, 1), 0.5, (cold, hot), cold, 1.0)
    base = replace(base, ceiling_accuracy=0.96)
    table = made(replace(study, bases={"learning": (base,)}))
    assert [(row[0].value, row[1].value) for row in table.rows[:3]] == [
        ("base model, greedy", "0.500"), ("base model, best temperature", "0.750"),
        ("ceiling, greedy", "0.960"),
    ]  # fmt: skip
    assert CEILING_NOTE in table.note


def test_the_target_is_a_column_where_there_is_one(tmp_path: Path) -> None:
    times = TimesToTarget("s to .8", {"grpo": Entry("12")}, "Target: .8.")
    table = made(learning_study(tmp_path, *CELLS[1:]), times)
    assert table.columns[2] == "s to .8"
    assert [row[2].value for row in table.rows] == ["", "", "—", "12"]
    assert table.note.endswith("Target: .8.")


def test_what_is_not_known_is_no_column(tmp_path: Path) -> None:
    missing = replace(CELLS[2], status=dict.fromkeys(range(3), "missing"))
    table = made(learning_study(tmp_path, missing))
    assert (table.columns, table.rows) == (("cell",), ((Entry("GRPO, verifier"),),))
    assert table.note == "Runs that did not complete: GRPO, verifier: not run 3."


def test_a_part_that_measures_costs_has_no_accuracy(tmp_path: Path) -> None:
    from rlvr_bench.reports.load import load
    from tests.reports import synthetic

    table = made(load(synthetic.write(tmp_path, CELLS, [SYSTEMS])))
    assert table.columns == ("cell", "s/step", "peak (MiB)", "states (MiB)")
    assert len(table.rows) == len(CELLS)
