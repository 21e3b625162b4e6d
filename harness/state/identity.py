"""What a run depends on besides its settings, known by content: code, model, items.

Settings name things by paths; what lies there can change.  So the digests made here go into a run's hash, the keys of
the cache, checkpoints and summaries, and a resumed run is refused, by name, where one of them differs.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import get_args
from weakref import WeakKeyDictionary

import torch
from torch import nn

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.models.files import model_files
from rlvr_bench.harness.records import file_digest, hash_of
from rlvr_bench.harness.tasks.types import Split, Task

BASE = "base model"
WEIGHTS_OF = "weights of the {}"
ENDLESS_ITEMS = 256
"""Items that speak for a split without an end; all others come from the same code and settings."""
ROOMS = ("algorithms", "rewards", "harness")
LIBRARIES = (
    "torch",
    "transformers",
    "tokenizers",
    "numpy",
    "sympy",
    "math-verify",
    "latex2sympy2-extended",
    "reasoning-gym",
)

Inputs = dict[str, str]
"""Digest by name, as errors name it."""


def base_inputs(config: RunConfig, task: Task) -> Inputs:
    """What the base model of a run, and what is trained from it before the run, would be made from now."""
    found = {
        "code of rlvr-bench": f"{version('rlvr-bench')} {_code()}",
        "versions of libraries": _libraries(),
        f"model {config.model.name}": _files(model_files(config.model.name)),
        f"items of the task {config.task.name}": _items(task),
    }
    return found | _foreign(plugins.TASKS, config.task.name)


def inputs_of(config: RunConfig, task: Task) -> Inputs:
    """What a run with this configuration would read now."""
    found = base_inputs(config, task) | _foreign(plugins.ALGORITHMS, config.algorithm.name)
    if config.model.critic:
        found |= critic_inputs(config)
    if config.has_reward_model and config.reward.model:
        found |= reward_inputs(config)
    if config.model.adapter is not None:
        found["version of peft"] = version("peft")
    return found


def critic_inputs(config: RunConfig) -> Inputs:
    """Of the model that the critic is made from, where it is not the actor's."""
    return {f"model {config.model.critic} of the critic": _files(model_files(config.model.critic))}


def reward_inputs(config: RunConfig) -> Inputs:
    """Of the model that the reward model is made from, where it is not the policy's."""
    return {f"model {config.reward.model} of the reward model": _files(model_files(config.reward.model))}


def identity_of(config: RunConfig, task: Task, models: Mapping[str, nn.Module | None]) -> Inputs:
    """What a run with these models has read; None is a model that it does not have."""
    weights = {WEIGHTS_OF.format(name): weights_digest(model) for name, model in models.items() if model is not None}
    return inputs_of(config, task) | weights


def base_inputs_of(configs: Iterable[RunConfig]) -> list[Inputs]:
    """Of each configuration; each distinct task is built once."""
    tasks: dict[str, Task] = {}
    found = []
    for config in configs:
        name = hash_of(asdict(config.task))
        if name not in tasks:
            tasks[name] = build(plugins.TASKS, config.task)
        found.append(base_inputs(config, tasks[name]))
    return found


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names of what is not the same."""
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names of what there was before and is not the same now; what has come since does not count."""
    return [name for name, digest in before.items() if now.get(name) != digest]


class Changed(UserError):
    """What a run depends on is not what it was; names it."""


def refuse_changes(planned: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Raises Changed where something that was planned with is not the same now."""
    if names := differing(planned, now):
        raise Changed(
            f"since the run was planned, this changed: {', '.join(names)}; put it back, or begin again in another "
            "folder"
        )


def weights_digest(model: nn.Module) -> str:
    """Of a model's parameters and buffers, with their names, types and shapes."""
    total = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        total.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return total.hexdigest()[:16]


@cache
def _code() -> str:
    """Of everything in this package that can change what a run computes."""
    paths = []
    for room in ROOMS:
        root = Path(next(iter(importlib.import_module(f"rlvr_bench.{room}").__path__)))
        paths += sorted(root.rglob("*.py"))
    return _files(paths)


def _foreign(group: plugins.Group, name: str) -> Inputs:
    """All modules of the package of a plugin that is not ours."""
    module = getattr(plugins.load(group, name), "__module__", "rlvr_bench.")
    if module.startswith("rlvr_bench."):
        return {}
    top = importlib.import_module(module.partition(".")[0])
    folders = [Path(folder) for folder in getattr(top, "__path__", ())]
    paths = [path for folder in folders for path in sorted(folder.rglob("*.py"))] or [Path(top.__file__ or "")]
    return {f"code of {top.__name__}": _files(paths)}


@cache
def _libraries() -> str:
    """What computes numbers and verdicts beside us."""
    found = {name: version(name) for name in LIBRARIES if find_spec(name.replace("-", "_")) is not None}
    return ", ".join(f"{name} {number}" for name, number in found.items())


_known: WeakKeyDictionary[Task, str] = WeakKeyDictionary()


def _items(task: Task) -> str:
    """Of prompts and targets, in their order; read once for a task.  Of all items, also those that a run leaves out."""
    task = getattr(task, "whole", task)
    if (known := _known.get(task)) is not None:
        return known
    total = hashlib.sha256()
    for split in get_args(Split):
        size = task.size(split)
        for index in range(ENDLESS_ITEMS if size is None else size):
            item = task.item(split, index)
            row = [split, item.prompt, item.target]
            total.update(json.dumps(row, sort_keys=True, default=repr).encode("utf-8", "backslashreplace"))
    return _known.setdefault(task, total.hexdigest()[:16])


def _files(paths: Iterable[Path]) -> str:
    """Of names and contents, whatever folder they are in."""
    total = hashlib.sha256()
    for path in paths:
        found = path.stat()
        total.update(f"{path.name} {_file(path, found.st_size, found.st_mtime_ns)}".encode())
    return total.hexdigest()[:16]


@cache
def _file(path: Path, size: int, changed_ns: int) -> str:
    """Read once in a process, unless it has changed since: a suite asks for a model's files with every run."""
    return file_digest(path)
