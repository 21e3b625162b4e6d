"""`rlvr-bench report FOLDER --all`: what is printed, its exit status, and what does not go with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import RecordError
from tests.harness.cli_calls import call
from tests.reports import synthetic
from tests.reports.synthetic import CELLS, SYSTEMS


def test_a_row_for_each_claim_and_the_path_last(tmp_path: Path) -> None:
    synthetic.write(tmp_path / "one", CELLS[1:], [SYSTEMS])
    status, out, err = call("report", str(tmp_path), "--all")
    assert (status, err) == (0, "")
    assert out.rstrip().endswith(str(tmp_path / "report" / "index.html"))
    assert "descriptive: models.count arithmetic in one" in " ".join(out.split())


def test_it_goes_where_it_is_told(tmp_path: Path) -> None:
    synthetic.write(tmp_path / "all/one", CELLS[1:], [SYSTEMS])
    assert call("report", str(tmp_path / "all"), "--all", "--out", str(tmp_path / "page"))[0] == 0
    assert json.loads((tmp_path / "page/index.json").read_text())["studies"][0]["folder"] == "one"
    assert not (tmp_path / "all/report").exists()


def test_a_study_that_cannot_be_read_is_named_and_makes_the_status_1(tmp_path: Path) -> None:
    synthetic.write(tmp_path / "one", CELLS[1:], [SYSTEMS])
    synthetic.write(tmp_path / "two", CELLS[1:], [SYSTEMS])
    (tmp_path / "two/suite.json").write_text("{")
    status, out, err = call("report", str(tmp_path), "--all")
    assert status == 1
    assert err.startswith("error: two: ")
    assert "index.html" in out


def test_what_is_of_one_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        call("report", str(tmp_path), str(tmp_path), "--all", "--paper")
    assert [line.partition(":")[0] for line in str(error.value).splitlines()] == ["--all", "--paper"]


def test_a_folder_without_studies_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=tmp_path.name):
        call("report", str(tmp_path), "--all")
