"""`rlvr-bench report`: the comparison is printed, and the page is where it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench import reports
from rlvr_bench.harness.records import RecordError
from rlvr_bench.harness.text_table import WIDTH
from rlvr_bench.reports.page.table import Table
from tests.harness.cli_calls import call
from tests.reports import synthetic


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the report was asked to build; no page is made."""
    seen: list[Any] = []

    def build(results: Path, out: Path | None, *, allow_unlike: bool) -> Path:
        seen.append((results, out, allow_unlike))
        return results / "report.html"

    monkeypatch.setattr(reports, "build", build)
    return seen


def test_every_part_is_a_table_and_the_page_comes_last(built: list[Any], tmp_path: Path) -> None:
    status, out, _ = call("report", str(synthetic.write(tmp_path / "results", steps=2)))
    assert status == 0
    assert built == [(tmp_path / "results", None, False)]
    lines = out.rstrip().splitlines()
    assert lines[-1] == str(tmp_path / "results" / "report.html")
    assert [line for line in lines if line in ("Learning to sort, tiny model", "Cost of a step, 1 M parameters")] == [
        "Learning to sort, tiny model",
        "Cost of a step, 1 M parameters",
    ]
    assert out.count("GRPO, verifier") == 2
    assert out.count("Brackets: ") == 1  # one note for all tables
    assert max(map(len, lines[:-1])) <= WIDTH


def test_options_are_passed_on(built: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "comparison_tables", lambda results: (Table("T", ("a", "b"), (("x", "y"),), "N"),))
    assert call("report", "somewhere", "--out", "pages", "--allow-unlike")[0] == 0
    assert built == [(Path("somewhere"), Path("pages"), True)]


def test_a_folder_without_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=tmp_path.name):
        call("report", str(tmp_path))
