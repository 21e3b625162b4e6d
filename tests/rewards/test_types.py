"""Verdicts: whatever a completion makes of their detail can be written down."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlvr_bench.harness.records import append_completions, read_completions
from rlvr_bench.rewards.types import MAX_DETAIL_CHARS, Verdict, wrong


def test_a_detail_is_short_and_is_unicode() -> None:
    detail = wrong("ValueError: \ud800" + "x" * 10**6).detail
    assert detail.startswith("ValueError: \\ud800x")
    assert len(detail) <= MAX_DETAIL_CHARS + 5
    json.dumps(detail, ensure_ascii=False).encode()


def test_a_row_with_a_lone_surrogate_can_be_recorded(tmp_path: Path) -> None:
    row = {"step": 1, "completion": "a \ud800 b", "prompt": "\u00e4"}
    append_completions(tmp_path / "rows.gz", [row])
    assert list(read_completions(tmp_path / "rows.gz")) == [row]


@pytest.mark.parametrize(("reward", "outcome"), [(None, "wrong"), (0.0, "infra"), (float("nan"), "pass")])
def test_impossible_verdicts_are_refused(reward: float | None, outcome: str) -> None:
    with pytest.raises(ValueError, match="reward"):
        Verdict(reward, outcome)  # type: ignore[arg-type]
