"""From nested tables to a checked RunConfig: every error at once, with its path and the remedy."""

from __future__ import annotations

import copy
import difflib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.checks import impossible
from rlvr_bench.harness.config.layers import merge, parse_overrides, read_toml
from rlvr_bench.harness.config.schema import PluginChoice, RunConfig
from rlvr_bench.harness.config.settings import without_none
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import hash_of


def resolve(data: Mapping[str, Any]) -> RunConfig:
    """Validate a nested table into a RunConfig.

    Raises:
        ConfigError: everything that is wrong, each with its path, the value and the nearest valid key.
    """
    data = copy.deepcopy(dict(data))
    problems: list[str] = []
    sections: tuple[tuple[str, plugins.Group], ...] = (("task", plugins.TASKS), ("algorithm", plugins.ALGORITHMS))
    for section, group in sections:
        data[section] = _resolve_plugin(section, group, data.get(section, {}), problems)
    try:
        config = _adapter(RunConfig).validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        raise ConfigError(problems + _explain(error, RunConfig, data)) from None
    problems = problems or _not_finite(config.to_dict()) or _impossible(config)
    if problems:
        raise ConfigError(problems)
    return config


def load_run(path: Path, overrides: Iterable[str] = (), *, unsafe: bool = False) -> RunConfig:
    """One run from a TOML file.

    Args:
        unsafe: run the task's code without isolation.
    """
    table = read_toml(path)
    if "parts" in table or "cells" in table:
        raise ConfigError([f"{path}: is a suite, not a run; start it with `rlvr-bench run {path}`"])
    config = resolve(merge(table, parse_overrides(overrides)))
    return without_sandbox([config])[0] if unsafe else config


def without_sandbox(configs: Sequence[RunConfig]) -> list[RunConfig]:
    """The same runs; where a task runs code, it does so without isolation.

    Raises:
        ConfigError: none of them runs code.
    """
    name = "unsafe_no_sandbox"
    if not any(name in config.task.options for config in configs):
        raise ConfigError(["--unsafe-no-sandbox: no task here runs code; leave it out"])
    changed = [merge(c.to_dict(), {"task": {name: True}} if name in c.task.options else {}) for c in configs]
    return [resolve(data) for data in changed]


def from_dict(data: Mapping[str, Any]) -> RunConfig:
    """The inverse of `RunConfig.to_dict`."""
    return resolve(data)


def config_hash(config: RunConfig, inputs: Mapping[str, str] | None = None) -> str:
    """What names a run in the records: equal settings and equal inputs, equal hash.

    Args:
        inputs: digests of what it depends on besides its settings.
    """
    return hash_of(config.to_dict() | ({"inputs": dict(inputs)} if inputs else {}))


def config_record(config: RunConfig, inputs: Mapping[str, str]) -> dict[str, Any]:
    """What a run's config.json holds."""
    return {"hash": config_hash(config, inputs), "config": config.to_dict(), "inputs": dict(inputs)}


def build(group: plugins.Group, choice: PluginChoice) -> Any:
    """The plugin itself, made from its own Config."""
    cls = plugins.load(group, choice.name)
    return cls(_validate_options(cls, choice.options))


def _validate_options(cls: Any, options: Mapping[str, Any]) -> Any:
    return _adapter(cls.Config).validate_json(json.dumps(options, default=str), strict=True)


@lru_cache
def _adapter(cls: type) -> TypeAdapter[Any]:
    """Made once a class: that takes longer than to validate with it."""
    return TypeAdapter(cls)


def _resolve_plugin(section: str, group: plugins.Group, table: Any, problems: list[str]) -> dict[str, Any]:
    """{"name", "options"} with every option filled in; what is wrong goes to `problems`."""
    placeholder = {"name": "", "options": {}}
    if not isinstance(table, Mapping) or not isinstance(table.get("name"), str):
        problems.append(f"{section}.name: missing (installed: {', '.join(plugins.available(group))})")
        return placeholder
    options = {k: v for k, v in table.items() if k != "name"}
    try:
        cls = plugins.load(group, table["name"])
    except plugins.PluginError as error:
        problems.append(f"{section}.name: {error}")
        return placeholder
    known = [f.name for f in fields(cls.Config)]
    unknown = [key for key in options if key not in known]
    problems += [_unknown_key(f"{section}.{key}", options[key], known) for key in unknown]
    try:
        resolved = _validate_options(cls, {k: v for k, v in options.items() if k in known})
    except ValidationError as error:
        problems += [
            f"{section}.{line}" if not line.startswith(section) else line
            for line in _explain(error, cls.Config, options)
        ]
        return placeholder
    return {"name": table["name"], "options": asdict(resolved)}


def _unknown_key(path: str, value: Any, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(path.rsplit(".", 1)[-1], known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"valid: {', '.join(known)}"
    return f"{path}: unknown key (value {value!r}); {hint}"


def _explain(error: ValidationError, root: type, data: Mapping[str, Any]) -> list[str]:
    """Pydantic's errors as `path: what is wrong, got VALUE`."""
    lines = []
    for item in error.errors(include_url=False):
        path = ".".join(str(part) for part in item["loc"])
        if item["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            lines.append(_unknown_key(path, item["input"], _keys_at(root, item["loc"][:-1])))
        elif item["type"] == "value_error":
            message = item["msg"].removeprefix("Value error, ")
            lines += [part if not path else f"{path}: {part}" for part in message.split("; ")]
        else:
            lines.append(f"{path}: {item['msg'][0].lower()}{item['msg'][1:]}, got {item['input']!r}")
    return lines


def _keys_at(root: type, path: Sequence[Any]) -> list[str]:
    for part in path:
        root = without_none(get_type_hints(root).get(part, object))
    return [f.name for f in fields(root)] if is_dataclass(root) else []


def _not_finite(value: Any, path: str = "") -> list[str]:
    """TOML has nan and inf; no setting can be either, and JSON cannot hold them."""
    if isinstance(value, Mapping):
        return [line for key, part in value.items() for line in _not_finite(part, f"{path}.{key}".lstrip("."))]
    if isinstance(value, list | tuple):
        return [line for i, part in enumerate(value) for line in _not_finite(part, f"{path}.{i}")]
    return [f"{path}: must be finite, got {value}"] if isinstance(value, float) and not math.isfinite(value) else []


def _impossible(config: RunConfig) -> list[str]:
    from rlvr_bench.algorithms.types import needs_of  # here, because it imports torch

    algorithm = build(plugins.ALGORITHMS, config.algorithm)
    task = plugins.load(plugins.TASKS, config.task.name)
    return impossible(config, needs=needs_of(algorithm), task=task)
