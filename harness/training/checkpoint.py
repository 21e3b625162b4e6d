"""Weights, optimisers and the step reached, written whole or not at all.

There is no state of random number generators to keep: every stream is derived from the run's seed and the
step (`harness/seeding.py`).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import torch

from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.training.update import Learner

FOLDER = "checkpoint"


class CheckpointError(UserError):
    """No usable checkpoint; names the folder and the remedy."""


def save(run_folder: Path, learner: Learner, *, step: int, config_hash: str) -> None:
    """Replace the run's checkpoint."""
    final, temporary = run_folder / FOLDER, run_folder / f".{FOLDER}-{os.getpid()}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    trained = {role: learner.models.by_role[role].state_dict() for role in learner.optimizers}
    torch.save(trained, temporary / "weights.pt")
    torch.save(
        {
            "step": step,
            "config_hash": config_hash,
            "optimizers": {role: optimizer.state_dict() for role, optimizer in learner.optimizers.items()},
            "states": learner.states,
        },
        temporary / "training.pt",
    )
    previous = run_folder / f".{FOLDER}-old"
    if final.exists():
        shutil.rmtree(previous, ignore_errors=True)
        final.rename(previous)
    temporary.rename(final)
    shutil.rmtree(previous, ignore_errors=True)


def load_weights(run_folder: Path, role: str = "actor") -> dict[str, Any]:
    """State dict of a trained role.  Raises CheckpointError if the run kept none."""
    return _load(run_folder, "weights.pt")[role]


def resume(run_folder: Path, learner: Learner, *, config_hash: str) -> int:
    """Restore weights and optimisers; returns the step that the checkpoint was taken after.

    Raises:
        CheckpointError: none there, or one of another configuration.
    """
    training = _load(run_folder, "training.pt")
    if training["config_hash"] != config_hash:
        raise CheckpointError(
            f"{run_folder / FOLDER}: made with configuration {training['config_hash']}, this one is {config_hash}; "
            "resume with the same settings or choose another folder"
        )
    for role, weights in _load(run_folder, "weights.pt").items():
        learner.models.by_role[role].load_state_dict(weights)
    for role, state in training["optimizers"].items():
        learner.optimizers[role].load_state_dict(state)
    learner.states.update(training["states"])
    return training["step"]


def _load(run_folder: Path, name: str) -> Any:
    folder = run_folder / FOLDER
    if not folder.exists() and (left := run_folder / f".{FOLDER}-old").exists():
        left.rename(folder)  # killed between the two renames of `save`
    if not (folder / name).exists():
        raise CheckpointError(f"{folder}: no checkpoint; set train.checkpoint_every in the run's configuration")
    # Only this program writes the folder, and optimiser states hold more than plain tensors.
    return torch.load(folder / name, weights_only=False, map_location="cpu")
