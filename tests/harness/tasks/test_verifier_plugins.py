"""A plugin that is no verifier is refused where it is loaded, with the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.plugins import PluginError
from rlvr_bench.harness.tasks.verifier_plugins import load_verifier
from rlvr_bench.rewards.types import PASS, Verdict, Verifier


class Bare:
    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        return [PASS] * len(completions)


class Abstract(Verifier):
    pass


class Bound(Verifier):
    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        return [PASS] * len(completions)

    def answer(self, completion: str) -> str | None:  # type: ignore[override]
        return completion


@pytest.mark.parametrize("name", plugins.available(plugins.VERIFIERS))
def test_every_installed_verifier_loads(name: str) -> None:
    assert issubclass(load_verifier(name), Verifier)


@pytest.mark.parametrize(
    ("plugin", "remedy"),
    [
        (Bare, r"'mine' \(Bare\) does not inherit rlvr_bench\.rewards\.types\.Verifier; derive the class from it"),
        (lambda: Bound(), "does not inherit"),
        (Abstract, r"'mine' \(Abstract\) has no verify; define it"),
        (Bound, r"'mine' \(Bound\) defines `answer` as a method of an instance; make it a static method"),
    ],
)
def test_anything_else_is_refused(plugin: object, remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "load", lambda group, name: plugin)
    with pytest.raises(PluginError, match=remedy):
        load_verifier("mine")
