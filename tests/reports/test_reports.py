"""The public functions, and that importing them is light."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from rlvr_bench import reports
from tests.reports import synthetic
from tests.reports.synthetic import CELLS

LONG = "A label that is far longer than fits any table, and then some more of it"


def test_comparison_tables_are_texts_of_every_part(tmp_path: Path) -> None:
    cells = [replace(CELLS[0], label=LONG, status={0: "oom", 1: "timeout", 2: "failed"}), *CELLS[1:]]
    learning, systems = reports.comparison_tables(synthetic.write(tmp_path, cells, steps=8))
    assert [learning.title, systems.title] == ["Learning to sort, tiny model", "Cost of a step, 1 M parameters"]
    assert learning.note == systems.note
    assert "95 % interval over seeds (t below 10 seeds)" in learning.note
    assert "evaluations in the last tenth of the planned steps" in learning.note
    assert learning.rows[0] == (LONG, "0 of 3", "—", "—", "0 of 0", "—", "failed 1, oom 1, timeout 1")
    assert learning.rows[2][:2] == ("GRPO, verifier", "3 of 3")
    assert learning.rows[2][2].startswith("0.920 [")
    assert systems.rows[2][2] == "20.00 (exact)"


def test_importing_is_light() -> None:
    heavy = "{'torch', 'matplotlib', 'jinja2'}"
    modules = "rlvr_bench.reports.load, rlvr_bench.reports.claims.study"
    code = f"import sys, {modules}; assert not {heavy} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
