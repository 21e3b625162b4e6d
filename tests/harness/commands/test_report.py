"""`rlvr-bench report`: the comparison and the answer are printed, and the page is where it says."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench import reports
from rlvr_bench.harness.records import RecordError
from rlvr_bench.harness.text_table import WIDTH
from rlvr_bench.reports.claims.answer import Answer
from rlvr_bench.reports.figures import draw
from rlvr_bench.reports.page.table import Table
from tests.harness.cli_calls import call
from tests.reports import synthetic

ANSWER = Answer(
    accuracy="GRPO ends 1.0 points higher.", cost="A step is as fast.", memory="It takes half. " * 20,
    scope="One task.", unknown=("What larger models do.",),
)  # fmt: skip


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the report was asked to make; no page is written."""
    seen: list[Any] = []

    def make(results: Path, out: Path | None, *, track: Any, **options: Any) -> reports.Report:
        assert list(track([1, 2], "Figures", 2)) == [1, 2]
        seen.append((results, out, options))
        tables = (Table("T", ("a", "b"), (("x", "y"),), "N"), Table("U", ("a", "b"), (("x", "z"),), "N"))
        return reports.Report(page=results / "report.html", answer=ANSWER, tables=tables)

    monkeypatch.setattr(reports, "report", make)
    return seen


def test_every_part_is_a_table_and_the_answer_and_the_page_come_last(built: list[Any], tmp_path: Path) -> None:
    status, out, err = call("report", str(tmp_path))
    assert status == 0
    assert built == [(tmp_path, None, {"allow_unlike": False, "paper": False})]
    lines = out.rstrip().splitlines()
    assert lines[-1] == str(tmp_path / "report.html")
    assert [line for line in lines if line in ("T", "U", "N")] == ["T", "U", "N"]  # one note for all tables
    assert max(map(len, lines[:-1])) <= WIDTH
    words = " ".join(lines)
    places = [words.index(s) for s in ("U ", ANSWER.accuracy, ANSWER.cost, ANSWER.memory.strip(), "Scope: One task.")]
    assert places == sorted(places)
    assert "Figures: 2 in" in err


def test_options_are_passed_on(built: list[Any]) -> None:
    assert call("report", "somewhere", "--out", "pages", "--allow-unlike", "--paper")[0] == 0
    assert built == [(Path("somewhere"), Path("pages"), {"allow_unlike": True, "paper": True})]


def test_what_is_printed_is_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw, "FIGURES", ())
    out = call("report", str(synthetic.write(tmp_path / "results", steps=4)))[1]
    page = html.unescape((tmp_path / "results/report/report.html").read_text())
    answer = page[page.index('<div class="cards">') : page.index("</div>", page.index('<div class="cards">'))]
    sentences = re.findall(r"</strong> (.*)</p>", answer)
    assert len(sentences) == 3
    assert all(sentence in " ".join(out.split()) for sentence in sentences)


def test_a_folder_without_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=tmp_path.name):
        call("report", str(tmp_path))
