"""`rlvr-bench doctor`: what is there, what is missing, and the remedy for it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from rlvr_bench.harness.commands import doctor as module
from rlvr_bench.harness.commands.doctor import Check, checks
from rlvr_bench.rewards.sandbox import sandbox
from tests.harness.cli_calls import call


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)


@pytest.fixture
def no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its self-test takes long; it has tests of its own."""
    monkeypatch.setattr(sandbox, "self_test", lambda s: "it leaks" if s.tier == "landlock" else None)
    monkeypatch.setattr(sandbox.Sandbox, "close", lambda _: None)


@pytest.mark.usefixtures("no_sandbox")
def test_the_development_environment(tmp_path: Path) -> None:
    found = {check.name: check for check in checks(tmp_path / "not" / "yet")}
    assert {"python", "cuda", "nvml", "torch", "transformers", "trl (peers)", "gguf (models)", "deepspeed"} <= set(
        found
    )
    assert {"cores", "memory", "cache folder", "disk for the cache"} <= set(found)
    assert found["torch"].ok is True
    assert found["nvml"].ok is None
    assert found["cache folder"].ok is True
    assert all(check.remedy for check in found.values() if not check.ok)
    assert all(not check.remedy for check in found.values() if check.ok)


@pytest.mark.usefixtures("no_sandbox")
def test_each_kind_of_sandbox_has_a_line() -> None:
    found = {check.name: check for check in module._sandbox()}
    assert (found["sandbox bwrap"].ok, found["sandbox bwrap"].remedy) == (True, "")
    assert (found["sandbox landlock"].ok, found["sandbox landlock"].found) == (None, "it leaks")
    assert "starts but does not confine" in found["sandbox landlock"].remedy


def test_packages_that_are_missing_or_too_old_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {"numpy": "1.26.0", "scipy": None}
    true_version = module.version
    monkeypatch.setattr(module, "version", lambda name: installed[name] if name in installed else true_version(name))
    found = {check.name: check for check in module._dependencies()}
    assert (found["numpy"].ok, found["numpy"].found) == (False, "1.26.0")
    assert found["numpy"].remedy == "pip install 'numpy>=2'"
    assert (found["scipy"].ok, found["scipy"].found) == (False, "not installed")


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.os, "access", lambda path, mode: False)
    folder, _ = module._cache(tmp_path / "cache")
    assert folder.ok is False
    assert folder.remedy == f"make {tmp_path} writable, or set RLVR_BENCH_CACHE"


@pytest.mark.parametrize(("ok", "status"), [(True, 0), (None, 0), (False, 1)])
def test_only_what_every_use_needs_decides_the_exit_status(
    ok: bool | None, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    remedy = "" if ok else "buy a disk " * 20
    monkeypatch.setattr(module, "checks", lambda: [Check("disk", ok, "5 GB", remedy)])
    assert json.loads(call("doctor", "--json")[1]) == [{"name": "disk", "ok": ok, "found": "5 GB", "remedy": remedy}]
    found, out, _ = call("doctor")
    assert found == status
    assert module.WORDS[ok] in out
    assert (f"disk: {remedy}" in out) == (ok is not True)  # in one line, to be copied
