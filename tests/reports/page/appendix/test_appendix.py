"""The appendix of a whole study: what has nothing to show is left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import load
from rlvr_bench.reports.page.appendix import appendix
from rlvr_bench.reports.page.links import links
from tests.reports import synthetic
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS


def test_every_part_that_has_something(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, CELLS[1:], [LEARNING, SYSTEMS], steps=8))
    found = appendix(study, links(study, tmp_path, tmp_path / "report"))
    assert [s.part for s in found.seeds] == ["learning", "systems"]
    assert [title for title, _ in found.errors] == [LEARNING.title]  # the other part evaluated nothing
    assert [title for title, _ in found.correlations] == [LEARNING.title, SYSTEMS.title]
    assert [title for title, _ in found.gradients] == [LEARNING.title, SYSTEMS.title]
    assert [label for label, _ in found.completions] == [c.label for c in CELLS[1:]]
    assert found.hashes[0].run == "learning/ppo/seed-0"
    assert found.hashes[0].link == "../learning/ppo/seed-0/"


def test_nothing_was_run(tmp_path: Path) -> None:
    cells = [replace(c, status=dict.fromkeys(range(3), "missing")) for c in CELLS]
    study = load(synthetic.write(tmp_path, cells, [LEARNING]))
    found = appendix(study, links(study, None, tmp_path))
    assert found.errors == found.correlations == found.gradients == found.completions == ()
    assert {h.state for h in found.hashes} == {"not run"}
