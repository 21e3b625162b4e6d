"""What each engine saves and the step reached, written whole or not at all.

There is no state of random number generators to keep: every stream is derived from the run's seed and the
step (`harness/seeding.py`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlvr_bench.algorithms.types import Role
from rlvr_bench.harness.engines.types import TrainEngine
from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.records import read_json, write_json

FOLDER = "checkpoint"


class CheckpointError(UserError):
    """No usable checkpoint; names the folder and the remedy."""


def save(run_folder: Path, engines: Mapping[Role, TrainEngine], *, step: int, config_hash: str) -> None:
    """Replace the run's checkpoint."""
    final, temporary = run_folder / FOLDER, run_folder / f".{FOLDER}-{os.getpid()}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    for role, engine in engines.items():
        engine.save(temporary / role)
    write_json(temporary / "run.json", {"step": step, "config_hash": config_hash})
    previous = run_folder / f".{FOLDER}-old"
    if final.exists():
        shutil.rmtree(previous, ignore_errors=True)
        final.rename(previous)
    temporary.rename(final)
    shutil.rmtree(previous, ignore_errors=True)


def load_weights(run_folder: Path, role: Role = "actor") -> dict[str, Any]:
    """State dict of a trained role.  Raises CheckpointError if the run kept none."""
    import torch

    return torch.load(_folder(run_folder) / role / "weights.pt", weights_only=True, map_location="cpu")


def resume(run_folder: Path, engines: Mapping[Role, TrainEngine], *, config_hash: str) -> int:
    """Restore what was saved; returns the step that the checkpoint was taken after.

    Raises:
        CheckpointError: none there, or one of another configuration.
    """
    folder = _folder(run_folder)
    run = read_json(folder / "run.json")
    if run["config_hash"] != config_hash:
        raise CheckpointError(
            f"{folder}: made with configuration {run['config_hash']}, this one is {config_hash}; "
            "resume with the same settings or choose another folder"
        )
    for role, engine in engines.items():
        engine.load(folder / role)
    return run["step"]


def _folder(run_folder: Path) -> Path:
    folder = run_folder / FOLDER
    if not folder.exists() and (left := run_folder / f".{FOLDER}-old").exists():
        left.rename(folder)  # killed between the two renames of `save`
    if not (folder / "run.json").exists():
        raise CheckpointError(f"{folder}: no checkpoint; set train.checkpoint_every in the run's configuration")
    return folder
