from __future__ import annotations

import pytest

from rlvr_bench.harness.config.load import from_dict
from rlvr_bench.harness.planner.cases import CASES


@pytest.mark.parametrize("name", CASES)
def test_each_is_a_run_of_full_completions(name: str) -> None:
    config = from_dict(CASES[name])
    assert config.rollout.min_tokens == config.rollout.max_tokens
    assert name.startswith(config.algorithm.name) and config.model.name in name


def test_they_differ() -> None:
    assert len({str(settings) for settings in CASES.values()}) == len(CASES)
