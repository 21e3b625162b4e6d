"""From files and `--set` to one nested table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.layers import merge, parse_overrides, read_toml
from rlvr_bench.harness.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("3", 3),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ('"quoted"', "quoted"),
        ("tiny:64x2", "tiny:64x2"),  # not TOML: plain text
        ("Qwen/Qwen2.5-0.5B", "Qwen/Qwen2.5-0.5B"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_overrides_are_toml_or_plain_text(text: str, value: Any) -> None:
    assert parse_overrides([f"a.b={text}"]) == {"a": {"b": value}}


@pytest.mark.parametrize("text", ["train.lr", "=3", " =3"])
def test_an_override_needs_path_and_value(text: str) -> None:
    with pytest.raises(ConfigError, match="expected PATH=VALUE"):
        parse_overrides([text])


@pytest.mark.parametrize("value", ["{name=ppo}", "[1, 2", '"open', " { a = b }"])
def test_what_begins_as_toml_is_not_taken_as_text(value: str) -> None:
    with pytest.raises(ConfigError, match=r"--set algorithm=.*: not TOML: .*; text inside needs its own quotes"):
        parse_overrides([f"algorithm={value}"])


def test_merge_lets_later_layers_win_and_changes_none() -> None:
    first, second = {"a": {"x": 1, "y": {"z": 2}}}, {"a": {"y": {"z": 3}}, "b": 4}
    assert merge(first, second) == {"a": {"x": 1, "y": {"z": 3}}, "b": 4}
    assert first == {"a": {"x": 1, "y": {"z": 2}}}


def test_another_plugin_drops_the_options_of_the_earlier_one() -> None:
    layers = {"task": {"name": "sort", "min_digits": 3}}, {"task": {"name": "chain"}}
    assert merge(*layers) == {"task": {"name": "chain"}}
    same = {"task": {"name": "sort", "min_digits": 3}}, {"task": {"name": "sort", "max_digits": 4}}
    assert merge(*same) == {"task": {"name": "sort", "min_digits": 3, "max_digits": 4}}


def test_the_order_of_overrides_does_not_matter() -> None:
    options = ["task.name=sort", "task.min_digits=3"]
    assert parse_overrides(options) == parse_overrides(options[::-1])


@pytest.mark.parametrize(
    ("content", "message"), [(b"a = = 1", "not TOML"), (b"\xff", "not TOML"), (None, "no such file")]
)
def test_a_bad_file_is_named(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"run\.toml: {message}"):
        read_toml(path)
    with pytest.raises(ConfigError, match="directory"):
        read_toml(tmp_path)
