"""Plugins by entry point: strict and lazy."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.plugins import ALGORITHMS, PluginError, available, load


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """What is installed, in place of what really is."""
    points: list[EntryPoint] = []
    monkeypatch.setattr(plugins, "entry_points", lambda *, group: [p for p in points if p.group == group])
    return points


def test_a_name_offered_twice_is_an_error(offered: list[EntryPoint]) -> None:
    offered += [EntryPoint("mine", f"{package}.a:A", ALGORITHMS) for package in ("one", "two")]
    with pytest.raises(PluginError, match=r"'mine' is offered twice, as one\.a:A and two\.a:A; uninstall one"):
        available(ALGORITHMS)


def test_one_plugin_seen_twice_is_one(offered: list[EntryPoint]) -> None:
    """A checkout on the path beside its own installation shows its entry points twice."""
    offered += [EntryPoint("mine", "one.a:A", ALGORITHMS)] * 2
    assert list(available(ALGORITHMS)) == ["mine"]


def test_groups_keep_apart(offered: list[EntryPoint]) -> None:
    offered += [EntryPoint("mine", "one.a:A", ALGORITHMS), EntryPoint("mine", "two.a:A", plugins.TASKS)]
    assert available(ALGORITHMS)["mine"].value == "one.a:A"


def test_an_unknown_name_gets_the_nearest(offered: list[EntryPoint]) -> None:
    offered.append(EntryPoint("grpo", "one.a:A", ALGORITHMS))
    with pytest.raises(PluginError, match=r"no plugin 'gpro'; did you mean 'grpo'\? \(installed: grpo\)"):
        load(ALGORITHMS, "gpro")


def test_nothing_loads_until_named(offered: list[EntryPoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "explosive.py").write_text("raise RuntimeError('boom')")
    (tmp_path / "harmless.py").write_text("class A: ...")
    monkeypatch.syspath_prepend(tmp_path)
    offered += [EntryPoint("bad", "explosive:A", ALGORITHMS), EntryPoint("good", "harmless:A", ALGORITHMS)]
    assert list(available(ALGORITHMS)) == ["bad", "good"]
    assert load(ALGORITHMS, "good").__name__ == "A"
    with pytest.raises(PluginError, match=r"'bad' \(explosive:A\) does not load: boom"):
        load(ALGORITHMS, "bad")


def test_the_built_in_plugins_use_the_same_door() -> None:
    assert {"ppo", "grpo"} <= set(available(ALGORITHMS))
    assert {"sort", "chain", "jsonl", "gsm8k"} <= set(available(plugins.TASKS))
    assert {"exact", "format", "numeric"} <= set(available(plugins.VERIFIERS))
