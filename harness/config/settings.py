"""Every setting as data: its path, meaning, type, range and default, read from the dataclasses and the strings under
their fields, those of plugins too."""

from __future__ import annotations

import ast
import difflib
import inspect
import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.errors import UserError

PLUGINS: dict[str, plugins.Group] = {"task": plugins.TASKS, "algorithm": plugins.ALGORITHMS}
"""Sections whose settings are those of the plugin that they name."""
NAMES = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    NoneType: "nothing",
    Any: "any value",
}
BOUNDS = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}


@dataclass(frozen=True)
class Setting:
    """One field of a run's configuration, or one option of a plugin."""

    path: str
    """As in `--set`."""
    plugin: str
    """That has it; "" for those of every run."""
    meaning: str
    """With its unit and range; "" where the plugin says nothing."""
    type: str
    """In words."""
    default: str
    """As in TOML."""


def settings_of(config: type, prefix: str = "", plugin: str = "") -> list[Setting]:
    """Those of a dataclass and of the dataclasses in it.

    Args:
        prefix: goes before the names, as in `train.`.
    """
    meanings, hints = _meanings(config), get_type_hints(config, include_extras=True)
    found: list[Setting] = []
    for one in fields(config):
        hint = without_none(hints[one.name])
        if get_origin(hint) is Annotated and is_dataclass(get_args(hint)[0]):
            hint = get_args(hint)[0]
        if is_dataclass(hint) and isinstance(hint, type):
            found += [] if one.name in PLUGINS else settings_of(hint, f"{prefix}{one.name}.")
        else:
            found.append(
                Setting(prefix + one.name, plugin, meanings.get(one.name, ""), in_words(hint), _default_of(one))
            )
    return found


def all_settings() -> list[Setting]:
    """Of every run, and of every installed plugin that loads."""
    return [*settings_of(RunConfig), *(one for section in PLUGINS for one in plugin_settings(section))]


def plugin_settings(section: str) -> Iterator[Setting]:
    """The name of the plugin, and the options of each that is installed and loads."""
    group = PLUGINS[section]
    installed = plugins.available(group)
    choice = f"one of: {', '.join(installed)}"
    yield Setting(f"{section}.name", "", f"Which {section}; the others in this table are its own.", choice, "required")
    for name in installed:
        try:
            config = plugins.load(group, name).Config
        except plugins.PluginError:
            continue
        yield from settings_of(config, f"{section}.", name)


def find(asked: str) -> list[Setting]:
    """The setting of this path, from each plugin that has it; all of a section; or those whose last name it is.

    Raises:
        UserError: there is none; names those that are near.
    """
    known = settings_of(RunConfig)
    if asked.partition(".")[0] in PLUGINS or not _matching(asked, known):
        known = all_settings()
    if found := _matching(asked, known):
        return found
    paths = list(dict.fromkeys(one.path for one in known))
    last = {path.rsplit(".", 1)[-1]: path for path in reversed(paths)}
    near = difflib.get_close_matches(asked, paths, n=3) or [
        last[name] for name in difflib.get_close_matches(asked.rsplit(".", 1)[-1], last, n=3)
    ]
    sections = dict.fromkeys(path.partition(".")[0] for path in paths if "." in path)
    hint = f"did you mean {', '.join(near)}?" if near else f"name a section to see what is in it: {', '.join(sections)}"
    raise UserError(f"no setting {asked!r}; {hint}")


def _matching(asked: str, known: Iterable[Setting]) -> list[Setting]:
    known = list(known)
    return (
        [one for one in known if one.path == asked]
        or [one for one in known if one.path.startswith(f"{asked}.")]
        or [one for one in known if one.path.endswith(f".{asked}")]
    )


def _meanings(config: type) -> dict[str, str]:
    """The strings under the fields of a class and of those that it is made from."""
    found: dict[str, str] = {}
    for cls in reversed(config.__mro__):
        try:
            (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
        except (OSError, TypeError, SyntaxError):
            continue  # a class without source, such as `object`
        assert isinstance(body, ast.ClassDef)
        for node, after in zip(body.body, body.body[1:], strict=False):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr):
                text = after.value.value if isinstance(after.value, ast.Constant) else None
                if isinstance(text, str):
                    found[node.target.id] = " ".join(text.split())
    return found


def without_none(hint: Any) -> Any:
    """A table that may be left out as the class of the table; any other type as it is."""
    tables = [one for one in get_args(hint) if is_dataclass(one)]
    return tables[0] if get_origin(hint) in (Union, UnionType) and len(tables) == 1 else hint


def in_words(hint: Any) -> str:
    """A type and its range, as in `whole number, at least 1`."""
    origin: Any = get_origin(hint)
    inner: Any = get_args(hint)
    if origin is Annotated:
        return ", ".join([in_words(inner[0]), *_bounds(inner[1:])])
    if origin is Literal:
        return f"one of: {', '.join(map(str, inner))}" if len(inner) > 1 else str(inner[0])
    if origin in (Union, UnionType):
        return " or ".join(map(in_words, inner))
    if origin in (tuple, list):
        return f"list, each a {in_words(inner[0])}"
    if origin in (dict, Mapping):
        return f"table, each value a {in_words(inner[1])}" if inner[1] is not Any else "table"
    return NAMES.get(hint, str(getattr(hint, "__name__", hint)))


def _bounds(metadata: Iterable[Any]) -> list[str]:
    parts = [part for one in metadata for part in (getattr(one, "metadata", None) or [one])]
    return [text.format(getattr(part, name)) for part in parts for name, text in BOUNDS.items() if hasattr(part, name)]


def _default_of(one: Field[Any]) -> str:
    if one.default is not MISSING:
        return toml(getattr(one.default, "default", one.default))
    return toml(one.default_factory()) if one.default_factory is not MISSING else "required"


def toml(value: Any) -> str:
    """A value as it is written in a TOML file."""
    if value is None:
        return "left out"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key} = {toml(part)}' for key, part in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml, value))}]"
    return repr(value) if isinstance(value, float) else json.dumps(value)
