"""The answer is made of findings, the primary ones first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.claims.answer import answer
from rlvr_bench.reports.claims.finding import Finding
from tests.reports.judge import learning_study
from tests.reports.synthetic import CELLS

SECOND = Finding(id="a.b", claim="A.", conclusion="supported", sentence="It is so.")


def test_primary_findings_come_before_descriptive_ones(tmp_path: Path) -> None:
    study = learning_study(tmp_path, *CELLS[1:])
    assert answer(study, [SECOND]).accuracy == "It is so."
    first = replace(SECOND, primary=True, sentence="It was named beforehand.")
    assert answer(study, [SECOND, first]).accuracy == "It was named beforehand."


def test_what_was_not_measured_is_said(tmp_path: Path) -> None:
    found = answer(learning_study(tmp_path, *CELLS[1:]), [SECOND])
    assert "Nothing is known about cost" in found.cost
    assert "Nothing is known about memory" in found.memory
    assert "Learning to sort" in found.scope
