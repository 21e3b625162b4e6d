"""What several runs share: made once for a key, and whole or not there at all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr_bench.harness.state import cache

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
    assert sorted(p.name for p in folder.iterdir()) == [
        "facts.json",
        "files.json",
        "weights.json",
        "weights.safetensors",
    ]


def test_two_processes_make_it_once() -> None:
    """The second waits for the first and takes what that one made."""
    code = (
        "import sys, time, torch; from rlvr_bench.harness.state.cache import cached\n"
        "def make():\n    print('made', flush=True); time.sleep(0.5); return {'w': torch.ones(1)}, {}\n"
        "cached('kind', 1, make)"
    )
    others = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    assert b"".join(other.communicate()[0] for other in others) == b"made\n"
    assert cache.cached("kind", 1, lambda: pytest.fail("made again"))[0]["w"].tolist() == [1]


@pytest.mark.parametrize("name", ["facts.json", "files.json", "weights.json", "weights.safetensors"])
def test_what_is_damaged_is_made_again(name: str) -> None:
    key = {"damaged": name}
    cache.cached("kind", key, lambda: ({"w": torch.zeros(4)}, {"n": 1}))
    (folder,) = cache.cache_root().glob("kind-*")
    path = folder / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:])
    assert not cache.is_cached("kind", key)
    assert cache.cached("kind", key, lambda: ({"w": torch.ones(1)}, {"n": 2}))[1] == {"n": 2}
    assert cache.is_cached("kind", key)


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
