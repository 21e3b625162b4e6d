"""What was equal in a part, in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.page.appendix.equality import equality
from tests.reports.judge import learning_study
from tests.reports.synthetic import CELLS


def test_equal_seeds_starts_and_sizes(tmp_path: Path) -> None:
    study = learning_study(tmp_path, *CELLS)
    found = equality(study, study.manifest.parts[0])
    assert dict(found.facts) == {
        "seeds": "equal: 0, 1, 2",
        "pass@1 before training, per seed": "equal for every seed",
        "parameters of the actor": "equal: 1,000,000",
        "arithmetic": "equal: model.dtype = float32",
    }
    assert dict(found.environment)["memory"] == "8.00 GiB"
    assert "GPU identifiers" not in dict(found.environment)
    assert [k for k, _ in found.settings.unequal] == ["algorithm.gae_lambda", "algorithm.name", "reward.source"]


def test_unequal_starts_are_called_so(tmp_path: Path) -> None:
    odd = replace(CELLS[2], more=lambda seed, step, done: {"eval/pass@1": 0.1} if step == 0 else {})
    study = learning_study(tmp_path, CELLS[1], odd)
    assert dict(equality(study, study.manifest.parts[0]).facts)["pass@1 before training, per seed"] == "NOT equal"


def test_nothing_recorded(tmp_path: Path) -> None:
    study = learning_study(tmp_path, replace(CELLS[2], status=dict.fromkeys(range(3), "missing")))
    found = equality(study, study.manifest.parts[0])
    assert found.environment == (("environment", "not recorded"),)
