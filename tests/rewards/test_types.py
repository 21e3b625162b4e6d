"""Verdicts can always be recorded; a verifier needs only `verify`, everything else has a default."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.records import Log, read_completions
from rlvr_bench.rewards.types import MAX_DETAIL_CHARS, PASS, Verdict, Verifier, wrong


def test_a_detail_is_short_and_is_unicode() -> None:
    detail = wrong("ValueError: \ud800" + "x" * 10**6).detail
    assert detail.startswith("ValueError: \\ud800x")
    assert len(detail) <= MAX_DETAIL_CHARS + 5
    json.dumps(detail, ensure_ascii=False).encode()


def test_a_row_with_a_lone_surrogate_can_be_recorded(tmp_path: Path) -> None:
    row = {"step": 1, "completion": "a \ud800 b", "prompt": "\u00e4"}
    Log(tmp_path / "rows.gz").append([row])
    assert list(read_completions(tmp_path / "rows.gz")) == [row]


@pytest.mark.parametrize(("reward", "outcome"), [(None, "wrong"), (0.0, "infra"), (float("nan"), "pass")])
def test_impossible_verdicts_are_refused(reward: float | None, outcome: str) -> None:
    with pytest.raises(ValueError, match="reward"):
        Verdict(reward, outcome)  # type: ignore[arg-type]


class Even(Verifier):
    """The target, a number, is even."""

    def __init__(self, refuse: int = 0) -> None:
        self.refuse, self.closed = refuse, 0

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        if self.refuse in targets:
            raise ValueError(f"refused {self.refuse}")
        if None in targets:
            raise KeyError
        return [PASS if target % 2 == 0 else wrong() for target in targets]

    def close(self) -> None:
        self.closed += 1


def test_the_defaults_of_a_verifier() -> None:
    with Even() as verifier:
        assert (verifier.retries, verifier.tier, verifier.closed) == (0, None, 0)
        assert verifier.answer("<answer> 4 </answer>") == "4" and Even.answer("4") is None
    assert verifier.closed == 1


def test_targets_that_raise_are_named_by_position() -> None:
    assert Even.check_targets([1, 2, 3], refuse=3) == {2: "refused 3"}
    assert Even.check_targets([None, 1]) == {0: "KeyError"}


def test_a_verifier_without_verify_cannot_be_made() -> None:
    class Nothing(Verifier):
        pass

    with pytest.raises(TypeError, match="verify"):
        Nothing()  # type: ignore[abstract]
