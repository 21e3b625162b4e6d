"""Ours are computed and come first; the others are what the papers say."""

from __future__ import annotations

import re
from pathlib import Path

from rlvr_bench.reports.page.appendix.published import NOTE, PUBLISHED, beside_ours
from tests.reports.judge import learning_study
from tests.reports.synthetic import CELLS


def test_ours_first(tmp_path: Path) -> None:
    ours, *others = beside_ours(learning_study(tmp_path, *CELLS, steps=40))
    assert tuple(others) == PUBLISHED
    assert (ours.source, ours.base, ours.ppo, ours.grpo) == (
        "this study", "40.0", "91.0 [88.5, 93.5]", "92.0 [89.5, 94.5]"
    )  # fmt: skip


def test_without_a_pair_there_is_nothing_of_ours(tmp_path: Path) -> None:
    assert beside_ours(learning_study(tmp_path, CELLS[2])) == PUBLISHED


def test_every_source_is_cited_and_called_different() -> None:
    assert all(re.fullmatch(r"\d{4}\.\d{5}", row.arxiv) for row in PUBLISHED)
    assert "not comparable" in NOTE
