"""Schedulers by name, and the mistakes that are named before anything starts."""

from __future__ import annotations

import builtins
import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.runs.executors import open_executor, slurm
from rlvr_bench.harness.runs.executors.slurm import Slurm


def test_all_that_is_wrong_with_the_settings_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        open_executor("slurm", tmp_path, ["partition", "gpus=two", "colour=red", "qos=", "mem=4G"])
    assert [line.partition(":")[0] for line in caught.value.problems] == [
        f"--executor-set {text}" for text in ("partition", "gpus=two", "colour=red", "qos=")
    ]
    assert "unknown key 'colour' (keys: account, array_parallelism" in str(caught.value)
    with pytest.raises(ConfigError, match=r"unknown key 'partition' \(keys: address, cpus, gpus\)"):
        open_executor("ray", tmp_path, ["partition=all"])


def test_without_the_library_the_install_line_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_import, real_module = builtins.__import__, importlib.import_module

    def refuse(name: str, real: Any, *arguments: Any) -> Any:
        if name in ("submitit", "ray"):
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", lambda name, *more: refuse(name, real_import, *more))
    monkeypatch.setattr(importlib, "import_module", lambda name, *more: refuse(name, real_module, *more))
    monkeypatch.setattr(slurm.shutil, "which", lambda name: None)
    with pytest.raises(ConfigError) as caught:
        open_executor("slurm", tmp_path, [])
    library, programs = caught.value.problems
    assert "pip install 'rlvr-bench[slurm]'" in library
    assert "sbatch, srun, squeue, scancel not found" in programs
    with pytest.raises(ConfigError, match=r"pip install 'rlvr-bench\[ray\]'"):
        open_executor("ray", tmp_path, [])


def test_settings_that_are_numbers_come_as_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(slurm, "Slurm", lambda *given: seen.append(given) or Slurm)
    assert open_executor("slurm", tmp_path, ["gpus=2", "mem=4G", "qos=long"]) is Slurm
    assert seen == [(tmp_path, {"gpus": 2, "mem": "4G", "qos": "long"})]


def test_neither_library_is_loaded_before_it_is_asked_for() -> None:
    import subprocess

    code = (
        "import sys, rlvr_bench.harness.commands.run, rlvr_bench.harness.runs.executors.ray, "
        "rlvr_bench.harness.runs.executors.slurm; sys.exit(bool({'ray', 'submitit'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0
