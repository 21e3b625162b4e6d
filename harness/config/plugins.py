"""Algorithms, tasks and verifiers by name, through entry points.  Built-in ones are found in the same way.

A package offers a plugin in its pyproject.toml; nothing registers by import and nothing loads until named:

    [project.entry-points."rlvr_bench.algorithms"]
    my_algorithm = "my_package.my_module:MyAlgorithm"
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from rlvr_bench.harness.errors import UserError

Group = Literal["rlvr_bench.algorithms", "rlvr_bench.tasks", "rlvr_bench.verifiers"]
ALGORITHMS: Group = "rlvr_bench.algorithms"
TASKS: Group = "rlvr_bench.tasks"
VERIFIERS: Group = "rlvr_bench.verifiers"


class PluginError(UserError):
    """A plugin that is unknown, that two packages offer or that does not import; names it and the remedy."""


def available(group: Group) -> dict[str, EntryPoint]:
    """Installed plugins of a group by name, sorted; loads none of them.

    Raises:
        PluginError: two distributions offer one name.
    """
    found: dict[str, EntryPoint] = {}
    for point in _installed(group, entry_points):
        other = found.get(point.name)
        if other is not None and other.value != point.value:
            raise PluginError(
                f"{group}: the name {point.name!r} is offered twice, as {other.value} and {point.value}; "
                "uninstall one of the two packages"
            )
        found[point.name] = point
    return found


@lru_cache
def _installed(group: Group, find: Callable[..., Any]) -> tuple[EntryPoint, ...]:
    """By name.  Once a process: `find` reads the metadata of every installed package, and a suite asks 720 times."""
    return tuple(sorted(find(group=group), key=lambda p: p.name))


def load(group: Group, name: str) -> Any:
    """The class or function behind a name.

    Raises:
        PluginError: the name is unknown (the message has the nearest one), or the plugin does not import.
    """
    known = available(group)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise PluginError(f"{group}: no plugin {name!r}{hint} (installed: {', '.join(known) or 'none'})")
    try:
        return known[name].load()
    except Exception as error:
        raise PluginError(f"{group}: {name!r} ({known[name].value}) does not load: {error}") from error
