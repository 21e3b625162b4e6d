"""The committed reports are what the committed records give, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench import reports

RESULTS = Path(__file__).parent.parent.parent / "results"
STUDIES = [path.parent for path in sorted(RESULTS.glob("*/suite.json"))]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_there_are_committed_studies() -> None:
    assert STUDIES


@pytest.mark.slow
@pytest.mark.parametrize("study", STUDIES, ids=lambda p: p.name)
def test_a_committed_report_is_reproduced(study: Path, tmp_path: Path) -> None:
    for path in study.iterdir():
        if path.name != "report":
            (tmp_path / path.name).symlink_to(path)  # the page has links to the records beside it
    reports.build(tmp_path, paper=True)
    committed, built = contents(study / "report"), contents(tmp_path / "report")
    assert list(built) == list(committed)
    assert [name for name in built if built[name] != committed[name]] == []


@pytest.mark.slow
def test_the_committed_overview_is_reproduced(tmp_path: Path) -> None:
    for study in STUDIES:
        (tmp_path / study.name).symlink_to(study)
    reports.write_overview(tmp_path)
    assert contents(tmp_path / "report") == contents(RESULTS / "report")
