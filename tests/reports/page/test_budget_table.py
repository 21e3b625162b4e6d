"""Equal budgets and times to a target, by hand."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.budgets import TARGETS
from rlvr_bench.reports.page.budget_table import budget_csv, budget_table, smallest_totals, target_csv, target_table
from tests.reports.decimals import close
from tests.reports.measures.series import run

PART = PartInfo("p", "learning", "t", (0, 1))
SLOW = run(eval__pass1=[0.2, 0.4, 0.6, 0.8], cost__samples=[0.0, 10.0, 10.0, 10.0], cost__seconds=[0.0, 2.0, 2.0, 2.0])
FAST = run(eval__pass1=[0.2, 0.8, 0.8, 0.8], cost__samples=[0.0, 10.0, 10.0, 20.0], cost__seconds=[0.0, 1.0, 1.0, 1.0])
NEVER = run(eval__pass1=[0.2, 0.2, 0.2, 0.4], cost__samples=[0.0, 10.0, 10.0, 20.0], cost__seconds=[0.0, 1.0, 1.0, 1.0])


def cell(name: str, *runs: object) -> Cell:
    return Cell(PART, name, name.upper(), tuple(replace(r, seed=i) for i, r in enumerate(runs)))  # type: ignore[type-var]


A, B = cell("a", SLOW, SLOW), cell("b", FAST, NEVER)


def test_the_budget_is_the_smallest_total() -> None:
    assert smallest_totals((A, B)) == {"samples": 30.0, "seconds": 3.0}  # FLOPs were not recorded
    gone = cell("c", replace(FAST, state="diverged", metrics=FAST.metrics[:2]))
    assert smallest_totals((A, B, gone)) == smallest_totals((A, B))
    assert smallest_totals((cell("d", run(eval__pass1=[0.2, 0.3])),)) == {}


def test_accuracy_at_equal_budgets() -> None:
    table = budget_table(PART, (A, B))
    assert table.columns == ("cell", "at 30.0 samples", "at 3.00 s")
    raw = list(csv.DictReader(io.StringIO(budget_csv(PART, (A, B)))))
    found = {(row["cell"], row["budget"]): float(row["pass1"]) for row in raw}
    close(found["a", "samples"], 0.8)
    close(found["a", "seconds"], 0.5)  # halfway between .4 at 2 s and .6 at 4 s
    close(found["b", "samples"], (0.8 + 0.3) / 2)  # halfway between .2 at 20 and .4 at 40
    assert table.rows[0][0] == "A"


def test_times_to_a_target_keep_the_runs_that_never_arrive() -> None:
    rows = [row for row in target_table(PART, (A, B)).rows if row[1] == ".7"]
    assert [row[2] for row in rows] == ["2 of 2", "1 of 2"]
    assert [row[3] for row in rows] == ["30.0", "10.0"]
    assert rows[0][4] == "—"  # FLOPs
    assert [row[1] for row in target_table(PART, (A, B)).rows] == [".5", ".5", ".7", ".7"]  # nobody reached .9
    assert 0.9 in TARGETS
    raw = list(csv.DictReader(io.StringIO(target_csv(PART, (A, B)))))
    line = next(row for row in raw if (row["cell"], row["target"], row["budget"]) == ("b", "0.7", "samples"))
    close(float(line["restricted_mean"]), (10 + 30) / 2)  # up to 30 samples
    none = target_table(PART, (cell("n", NEVER),))
    assert none.rows == ()


def test_nothing_recorded_gives_no_rows() -> None:
    bare = cell("bare", run(eval__pass1=[0.2, 0.3]))
    assert budget_table(PART, (bare,)).rows == target_table(PART, (bare,)).rows == ()


def test_a_busy_machine_is_said_beside_the_seconds() -> None:
    waits = [None, 0.0, 2.0, 2.0]
    loud = replace(
        run(**{"eval/pass@1": [0.2, 0.4, 0.6, 0.8], "cost/seconds": [0.0, 2.0, 2.0, 2.0], "cost/processor_wait": waits})
    )
    assert "machine was busy" in budget_table(PART, (cell("l", loud),)).note
    assert "machine was busy" not in budget_table(PART, (A,)).note
