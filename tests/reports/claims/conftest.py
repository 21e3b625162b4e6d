"""The findings of one study, computed once."""

from __future__ import annotations

import pytest

from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.claims.study import findings
from rlvr_bench.reports.load import Study
from tests.reports.hacking import HACKING
from tests.reports.judge import judge, learning_study


@pytest.fixture(scope="package")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finding]:
    return judge(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="package")
def eight(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, tuple[Finding, ...]]:
    study = learning_study(tmp_path_factory.mktemp("eight"), *HACKING)
    return study, findings(study)
