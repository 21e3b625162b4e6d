"""Settings come in layers, TOML files and `--set a.b=c`; these are read and merged here into one nested table."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rlvr_bench.harness.errors import ConfigError


def read_toml(path: Path) -> dict[str, Any]:
    """A file's tables.  Raises ConfigError, with the place, where it cannot be read or is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError([f"{path}: no such file"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}; give a TOML file"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: not TOML: {error}"]) from None


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables merged, later layers win.  A changed plugin name drops the earlier plugin's options."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            old = result.get(key)
            if isinstance(value, Mapping) and isinstance(old, Mapping):
                other_plugin = (
                    key in ("task", "algorithm") and "name" in value and "name" in old and value["name"] != old["name"]
                )
                result[key] = copy.deepcopy(dict(value)) if other_plugin else merge(old, value)
            else:
                result[key] = copy.deepcopy(value)
    return result


def parse_overrides(assignments: Iterable[str]) -> dict[str, Any]:
    """`["train.lr=1e-4", "model.name=tiny:64x2"]` to nested tables; a value that is not TOML is plain text."""
    result: dict[str, Any] = {}
    for text in assignments:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            raise ConfigError([f"--set {text}: expected PATH=VALUE, as in train.lr=1e-4"])
        try:
            parsed = tomllib.loads(f"x = {value}")["x"]
        except tomllib.TOMLDecodeError as error:
            if value.lstrip()[:1] in ("{", "[", '"', "'"):  # meant as TOML, and not what was meant if taken as text
                raise ConfigError([f"--set {text}: not TOML: {error}; text inside needs its own quotes"]) from None
            parsed = value
        result = merge(result, nested(path.strip(), parsed))
    return result


def nested(path: str, value: Any) -> dict[str, Any]:
    """A table of tables with one value: `{"train": {"lr": 0.1}}` of `train.lr`."""
    for part in reversed(path.split(".")):
        value = {part: value}
    return value
