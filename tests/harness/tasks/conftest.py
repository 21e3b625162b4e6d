"""Arrow files go to a folder of the test, not to the user's cache."""

from __future__ import annotations

import pytest


@pytest.fixture
def arrow_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that load rows through `datasets`."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("datasets"))


@pytest.fixture
def all_train(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row of a data set is held out for validation."""
    monkeypatch.setattr("rlvr_bench.harness.tasks.datasets.sources.is_validation", lambda text: False)
