"""Verifiers are loaded by their installed name; one without the base class is refused with the remedy."""

from __future__ import annotations

import inspect

from rlvr_bench.harness.config import plugins
from rlvr_bench.rewards.types import Verifier


def load_verifier(name: str) -> type[Verifier]:
    """The class behind an entry point.

    Raises:
        PluginError: it cannot be loaded, or is not a verifier; with the remedy.
    """
    found = plugins.load(plugins.VERIFIERS, name)
    base = f"{Verifier.__module__}.{Verifier.__name__}"
    if not (isinstance(found, type) and issubclass(found, Verifier)):
        what = getattr(found, "__qualname__", repr(found))
        raise plugins.PluginError(
            f"{plugins.VERIFIERS}: {name!r} ({what}) does not inherit {base}; derive the class from it and define "
            "`verify`, which is all that it needs"
        )
    if inspect.isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise plugins.PluginError(f"{plugins.VERIFIERS}: {name!r} ({found.__qualname__}) has no {missing}; define it")
    if not isinstance(inspect.getattr_static(found, "answer"), staticmethod | classmethod):
        raise plugins.PluginError(
            f"{plugins.VERIFIERS}: {name!r} ({found.__qualname__}) defines `answer` as a method of an instance; make "
            "it a static method, since it is called without one"
        )
    return found
