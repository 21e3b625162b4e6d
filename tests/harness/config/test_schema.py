"""Every field of the configuration: described, and part of the hash."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config import schema as module
from rlvr_bench.harness.config.load import config_hash, from_dict, load_run
from rlvr_bench.harness.config.schema import PluginChoice, RunConfig
from tests.harness.small_runs import config

OTHER = {"float32": "bfloat16", "auto": "cpu", "verifier": "both"}


def paths(node: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every leaf, of plugin options as well."""
    if dataclasses.is_dataclass(node):
        for f in dataclasses.fields(node):
            yield from paths(getattr(node, f.name), (*at, f.name))
    elif isinstance(node, dict):
        for name, value in node.items():
            yield from paths(value, (*at, name))
    else:
        yield at


def changed(node: Any, path: tuple[str, ...]) -> Any:
    """A copy with another value at the path, possible or not."""
    if not path:
        if isinstance(node, bool):
            return not node
        if isinstance(node, int | float):
            return node + 1
        return OTHER.get(node, node + "x") if isinstance(node, str) else (*node, 1)
    name, rest = path[0], path[1:]
    if isinstance(node, dict):
        return {**node, name: changed(node[name], rest)}
    new = object.__new__(type(node))  # past the validation: only the hash is of interest
    new.__dict__.update(node.__dict__ | {name: changed(getattr(node, name), rest)})
    return new


def whole() -> RunConfig:
    """With every table that may be left out."""
    return config(algorithm={"name": "ppo"}, task={"name": "sort"}, model={"adapter": {}})


LEAVES = list(paths(whole()))
ENGINE = ("train", "engine")
"""A table whose other fields are DeepSpeed's: for another engine they are in no record and no hash."""


def test_leaves_reach_every_section() -> None:
    assert {path[0] for path in LEAVES} == {f.name for f in dataclasses.fields(RunConfig)}
    assert ("algorithm", "options", "kl_coef") in LEAVES


@pytest.mark.parametrize("path", LEAVES, ids=".".join)
def test_every_field_changes_the_hash(path: tuple[str, ...]) -> None:
    settings = config(train={"engine": {"name": "deepspeed"}}) if path[:2] == ENGINE else whole()
    assert config_hash(settings) != config_hash(changed(settings, path))


def test_what_came_later_and_is_not_used_is_in_no_record_and_no_hash() -> None:
    settings = config()
    assert not settings.to_dict()["model"].keys() & {"critic", "adapter"}
    assert from_dict(settings.to_dict()) == settings
    used = config(model={"critic": "tiny:32x1"}), config(model={"adapter": {"rank": 2}})
    assert [one.to_dict()["model"].keys() & {"critic", "adapter"} for one in used] == [{"critic"}, {"adapter"}]
    assert [from_dict(one.to_dict()) for one in used] == list(used)


def test_the_place_of_grpos_kl_is_in_the_hash_where_it_is_not_the_loss() -> None:
    """Records from before it could be elsewhere keep theirs."""
    loss, reward = (config(algorithm={"name": "grpo", "kl_placement": place}) for place in ("loss", "reward"))
    assert "kl_placement" not in loss.to_dict()["algorithm"]
    assert reward.to_dict()["algorithm"]["kl_placement"] == "reward"
    assert [from_dict(one.to_dict()) for one in (loss, reward)] == [loss, reward]


def test_another_process_finds_the_same_hash_and_errors_without_loading_a_model(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('task.name = "sort"\nalgorithm.name = "ppo"\ntrain.lr = 1\n')
    code = (
        "import sys, pathlib\nfrom rlvr_bench.harness.config.load import ConfigError, config_hash, load_run\n"
        "path = pathlib.Path(sys.argv[1])\nprint(config_hash(load_run(path)))\n"
        "try: load_run(path, ['train.steps=0'])\n"
        "except ConfigError: sys.exit('transformers' in sys.modules)"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONHASHSEED": "7"},
    )
    assert config_hash(load_run(path)) == other.stdout.strip()
    assert len(other.stdout.strip()) == 12


def is_table(one: Any) -> bool:
    """Whether it is a class of settings, in this module or one beside it."""
    return dataclasses.is_dataclass(one) and isinstance(one, type) and one.__module__.startswith("rlvr_bench.")


def undescribed(cls: type) -> list[str]:
    """Fields without a text under them, by the source."""
    (tree,) = ast.parse(inspect.cleandoc(inspect.getsource(cls))).body
    assert isinstance(tree, ast.ClassDef)
    pairs = zip(tree.body, [*tree.body[1:], None], strict=True)
    return [
        ast.unparse(node)
        for node, after in pairs
        if isinstance(node, ast.AnnAssign)
        and not (
            isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and type(after.value.value) is str
        )
    ]


@pytest.mark.parametrize(
    "cls",
    [c for c in vars(module).values() if is_table(c) and c is not PluginChoice],
    ids=lambda c: c.__name__,
)
def test_every_setting_is_described(cls: type) -> None:
    assert undescribed(cls) == []


PLUGINS = [(group, name) for group in (plugins.ALGORITHMS, plugins.TASKS) for name in plugins.available(group)]


@pytest.mark.parametrize(("group", "name"), PLUGINS)
def test_every_option_of_a_plugin_is_described(group: plugins.Group, name: str) -> None:
    assert undescribed(plugins.load(group, name).Config) == []
