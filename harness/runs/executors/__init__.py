"""Schedulers that spread the runs of a suite over machines, each behind the protocol `Executor`, opened by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.runs.jobs import Executor


def open_executor(name: str, out: Path, settings: Iterable[str]) -> Executor:
    """The scheduler `slurm` or `ray`; nothing is submitted yet.

    Args:
        out: the results folder, on a file system that every machine sees.
        settings: KEY=VALUE, as `--executor-set` takes them.
    Raises:
        ConfigError: its library, programs or cluster are not there, or all that is wrong with the settings.
    """
    if name == "slurm":
        from rlvr_bench.harness.runs.executors import slurm

        return slurm.Slurm(out, _table(settings, slurm.KEYS))
    from rlvr_bench.harness.runs.executors import ray

    return ray.Ray(_table(settings, ray.KEYS))


def _table(settings: Iterable[str], keys: Mapping[str, type]) -> dict[str, str | int]:
    """The settings by name; those that are numbers as numbers."""
    found: dict[str, str | int] = {}
    problems = []
    for text in settings:
        key, _, value = text.partition("=")
        if not (key and value):
            problems.append(f"--executor-set {text}: expected KEY=VALUE, as in gpus=1")
        elif key not in keys:
            problems.append(f"--executor-set {text}: unknown key {key!r} (keys: {', '.join(keys)})")
        elif keys[key] is int and not value.isdecimal():
            problems.append(f"--executor-set {text}: expected a whole number, 0 or more")
        else:
            found[key] = keys[key](value)
    if problems:
        raise ConfigError(problems)
    return found
