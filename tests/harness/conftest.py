"""A cache of the tests' own, plugins that only tests have, and a model to score with."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from importlib.metadata import entry_points as installed
from typing import Any

import pytest

from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.config import plugins
from tests.harness import ragged
from tests.harness.small_runs import PLUGINS


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Warm starts and reward models are shared by the tests, and with nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RLVR_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """Nothing made before."""
    monkeypatch.setenv("RLVR_BENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def own_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The task and algorithms of small_runs.py, beside the installed ones."""

    def with_ours(*, group: str) -> list[EntryPoint]:
        ours = [EntryPoint(name, value, group) for name, value in PLUGINS.get(group, {}).items()]
        return [*installed(group=group), *ours]

    monkeypatch.setattr(plugins, "entry_points", with_ours)


@pytest.fixture(scope="session")
def model() -> Any:
    """Random weights; no test changes them."""
    return ragged.make_model()


@pytest.fixture
def rollout() -> Rollout:
    """Six ragged completions of three prompts."""
    return ragged.make_rollout()
