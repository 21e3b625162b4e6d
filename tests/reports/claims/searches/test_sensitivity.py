"""Findings on how hard settings are to find: both outcomes, and what too few trials cannot decide."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.claims.study import findings
from rlvr_bench.reports.load import load
from tests.reports import core
from tests.reports.decimals import close
from tests.reports.synthetic import Spec


def trials(algorithm: str, good: int, count: int, best: float = 0.8) -> list[Spec]:
    """So many at `best`, the others at half of it."""
    found = core.trials(algorithm, count)
    return [replace(s, final=lambda seed, v=best / (1 + (i >= good)): v) for i, s in enumerate(found)]


def searched(folder: Path, *specs: Spec) -> dict[str, Finding]:
    written = core.write_parts(folder, {replace(core.SEARCH, seeds=(1,)): specs}, steps=5)
    return {f.id: f for f in findings(load(written)) if f.id.startswith("stability.")}


@pytest.mark.parametrize(
    ("ppo", "grpo", "conclusion"), [(3, 15, "supported"), (15, 3, "refuted"), (8, 10, "inconclusive")]
)
def test_both_come_out_every_way(tmp_path: Path, ppo: int, grpo: int, conclusion: str) -> None:
    found = searched(tmp_path, *trials("ppo", ppo, 24), *trials("grpo", grpo, 24))
    for name in ("stability.sensitivity", "stability.search"):
        assert found[name].conclusion == conclusion, found[name].sentence
        assert found[name].part == core.SEARCH.title
        assert f"PPO {ppo} of 24 [" in found[name].sentence and f"GRPO {grpo} of 24 [" in found[name].sentence
        close(found[name].estimate.value, (ppo - grpo) / 24)
        assert found[name].pair == ("PPO", "GRPO")


def test_a_search_that_finds_only_worse_settings_is_even_and_too_small(tmp_path: Path) -> None:
    """All of PPO's trials are alike, and none is near GRPO's best."""
    found = searched(tmp_path, *trials("ppo", 24, 24, best=0.5), *trials("grpo", 12, 24))
    assert found["stability.sensitivity"].conclusion == "refuted"
    assert found["stability.search"].conclusion == "supported"
    assert "PPO more than 24 [more than 24, more than 24]; GRPO " in found["stability.search"].note
    assert found["stability.sensitivity"].note == "Their best: 0.500 and 0.800."


def test_fewer_trials_decide_nothing(tmp_path: Path) -> None:
    found = searched(tmp_path, *trials("ppo", 2, 23), *trials("grpo", 23, 24))
    assert found["stability.search"].conclusion == "undecidable"
    assert "23 trials, 24 were planned" in found["stability.search"].sentence


def test_without_two_searches_it_is_not_tested(tmp_path: Path) -> None:
    alone = searched(tmp_path, *trials("ppo", 2, 24))
    assert {alone[n].conclusion for n in ("stability.sensitivity", "stability.search")} == {"not tested"}
