"""Links hold where the page lies in the results folder, and names are given once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.page.links import RECORDS, Names, links
from tests.reports.judge import learning_study
from tests.reports.synthetic import CELLS


def test_links_go_to_the_runs_and_only_to_those_that_are_there(tmp_path: Path) -> None:
    cell = replace(CELLS[2], status={0: "missing", 1: "torn"})
    study = learning_study(tmp_path, cell)
    found = links(study, tmp_path, tmp_path / "report")
    missing, torn, whole = study.runs
    assert [found.run(r) for r in study.runs] == ["", "../learning/grpo/seed-1/", "../learning/grpo/seed-2/"]
    assert found.files(missing) == ()
    assert found.files(torn) == ("config.json", "metrics.jsonl")
    assert found.files(whole) == RECORDS
    assert found.manifest == "../suite.json"
    assert all(
        (tmp_path / "report" / found.run(r) / name).resolve().exists() for r in (torn, whole) for name in RECORDS[:2]
    )


@pytest.mark.parametrize(("folder", "prefix"), [("report", "../"), ("a/b", "../../"), (".", "")])
def test_as_many_steps_up_as_the_page_lies_deep(folder: str, prefix: str, tmp_path: Path) -> None:
    study = learning_study(tmp_path, CELLS[2])
    assert links(study, tmp_path, tmp_path / folder).manifest == f"{prefix}suite.json"


def test_a_page_elsewhere_links_to_no_records(tmp_path: Path) -> None:
    study = learning_study(tmp_path / "study", CELLS[2])
    for results in (None, tmp_path / "study"):
        found = links(study, results, tmp_path / "elsewhere")
        assert (found.run(study.runs[0]), found.files(study.runs[0]), found.manifest) == ("", (), "")


def test_names_are_given_once() -> None:
    names = Names()
    assert [names.unique("a"), names.unique("a"), names.unique("a-2"), names.unique("b")] == ["a", "a-2", "a-2-2", "b"]
    assert [names.label("T"), names.label("T")] == ["T", "T (2)"]
