"""What several runs share: made once for a key, and whole or not there at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr_bench.harness.training import cache

pytestmark = pytest.mark.usefixtures("empty_cache")


def test_a_folder_appears_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while it writes: nothing under the final name, and the next try makes it."""
    made: list[int] = []

    def make() -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        made.append(1)
        return {"w": torch.ones(2)}, {"n": 1}

    def killed(path: Path, value: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cache, "write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            cache.cached("kind", {"a": 1}, make)
    assert not list(cache.cache_root().glob("kind-*"))
    weights, facts = cache.cached("kind", {"a": 1}, make)
    assert (weights["w"].tolist(), facts, len(made)) == ([1, 1], {"n": 1}, 2)
    (folder,) = cache.cache_root().glob("kind-*")
    assert sorted(p.name for p in folder.iterdir()) == ["facts.json", "weights.pt"]


def test_the_first_of_two_processes_wins() -> None:
    def make() -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        cache.cached("kind", 1, lambda: ({"w": torch.zeros(1)}, {"by": "other"}))
        return {"w": torch.ones(1)}, {"by": "me"}

    assert cache.cached("kind", 1, make)[1] == {"by": "other"}
    assert len(list(cache.cache_root().iterdir())) == 1


def test_the_key_decides() -> None:
    for key in ({"a": 1}, {"a": 2}):
        cache.cached("kind", key, lambda key=key: ({}, key))
    assert sorted(json.loads(p.read_text())["a"] for p in cache.cache_root().glob("*/facts.json")) == [1, 2]
    assert cache.cached("kind", {"a": 1}, lambda: pytest.fail("made again"))[1] == {"a": 1}


def test_the_root_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RLVR_BENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_root() == tmp_path / "rlvr-bench"


def test_whether_it_was_made_before() -> None:
    assert not cache.is_cached("kind", {"a": 1})
    cache.cached("kind", {"a": 1}, lambda: ({}, {}))
    assert cache.is_cached("kind", {"a": 1})
    assert not cache.is_cached("kind", {"a": 2}) and not cache.is_cached("other", {"a": 1})
