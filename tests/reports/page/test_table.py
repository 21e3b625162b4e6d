"""Tables: widths, escapes, and raw numbers."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

from rlvr_bench import reports
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import latex, markdown_cell, printable, redact
from rlvr_bench.reports.load import load
from rlvr_bench.reports.page import tables
from rlvr_bench.reports.page.tables import Table
from rlvr_bench.reports.stats import Estimate
from tests.reports import synthetic
from tests.reports.decimals import close
from tests.reports.synthetic import CELLS

LONG = "A label that is far longer than anybody would want in a table, and then some more of it"


def test_text_table_is_narrow_and_whole(tmp_path: Path) -> None:
    cells = [replace(CELLS[0], label=LONG, status={0: "oom", 1: "timeout", 2: "failed"}), *CELLS[1:]]
    text = reports.text_table(synthetic.write(tmp_path, cells, steps=8))
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    words = " ".join(text.split())
    assert all(word in words for word in ("GRPO, verifier", "3 of 3", "0.920", "20.00 (exact)", "timeout"))


def test_csv_holds_raw_numbers(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, steps=40))
    rows = list(csv.DictReader(io.StringIO(tables.comparison_csv(study, study.manifest.parts[1]))))
    close(float(rows[0]["states_per_parameter"]), 40.0)
    assert rows[2]["expected_per_parameter"] == "20"
    close(float(rows[2]["seconds"]), 1.005)
    close(float(rows[2]["peak"]), 46.0 * 1024**2)
    # 3 steps of 3,200 tokens each after warm-up, per seed 3200 / s: the mean over s = 1, 1.005, 1.01
    close(float(rows[2]["tokens_per_second"]), sum(3200 / s for s in (1.0, 1.005, 1.01)) / 3)
    learning = list(csv.DictReader(io.StringIO(tables.comparison_csv(study, study.manifest.parts[0]))))
    close(float(learning[2]["pass1"]), 0.92)
    assert learning[2]["pass1_n"] == "3"


def test_latex_and_markdown_escape() -> None:
    table = Table("50 % & more", ("cell", "a_b"), (("x_1 #", "5 %"), ("a|b", "<b>")))
    tex = tables.table_latex(table)
    assert r"50 \% \& more" in tex
    assert r"x\_1 \# & 5 \% \\" in tex
    assert all(word in tex for word in (r"\toprule", r"\midrule", r"\bottomrule"))
    assert tables.table_markdown(table).splitlines()[-1] == r"| a\|b | &lt;b&gt; |"
    assert latex("\\") == r"\textbackslash{}"


def test_csv_does_not_start_a_formula() -> None:
    assert tables.table_csv(Table("", ("a",), (("=1+1",),))).splitlines()[1] == "'=1+1"


def test_redaction_keeps_what_is_no_path() -> None:
    assert redact("see /home/me/x/run.log") == "see …/run.log"
    assert redact({"model": "/data/models/qwen"}) == {"model": "…/qwen"}
    assert redact("tokens/s and a/b, 3 / 4") == "tokens/s and a/b, 3 / 4"
    assert redact("Qwen/Qwen2.5-0.5B") == "Qwen/Qwen2.5-0.5B"
    assert redact("C:\\Users\\me\\x.log") == "…/x.log"


def test_numbers_always_carry_their_interval() -> None:
    assert numbers.with_interval(Estimate(0.5, 0.4, 0.6, 3, "t"), numbers.percent) == "50.0 % [40.0 %, 60.0 %]"
    assert numbers.with_interval(Estimate(1, None, None, 1, "single"), numbers.factor) == "1.00 (n = 1, no interval)"
    assert numbers.with_interval(None, numbers.factor) == "—"
    assert [numbers.size(x) for x in (5, 2048, 3 * 1024**3)] == ["5 B", "2.0 KiB", "3.00 GiB"]


def test_controls_become_visible() -> None:
    assert printable("a\x1bb\u202ec\n") == "a\\u001bb\\u202ec\n"
    assert printable("abcdef", 2) == "ab […4 more characters]"
    assert markdown_cell("a`b\nc") == "a\\`b c"
