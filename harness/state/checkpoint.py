"""What a run goes on from: each engine's files, the random states and where the records were, under a manifest.

    <run>/checkpoints/step-00000020/
        manifest.json            step, identity of the run, lengths of the records, sha256 and size of each file
        random.json              states of the process's random number generators
        actor/ critic/           what their engines saved

A folder gets its name when every byte of it is on the disk, so a name means a whole checkpoint; what was half written
begins with a dot.  The newest one whose manifest verifies counts; two are kept.

The run's own streams are derived from its seed and the step (`harness/seeding.py`) and need no state: the position in
the prompts is the step.  An algorithm keeps nothing from step to step, which its conformance kit checks.  The
generators of the process are kept for tasks and verifiers of others that use them; what else these keep is not.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from rlvr_bench.algorithms.types import Role
from rlvr_bench.harness.engines.state_files import WEIGHTS, load_states
from rlvr_bench.harness.engines.types import TrainEngine
from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.records import RecordError, canonical_json, disk, file_digest, read_json, write_json
from rlvr_bench.harness.state.identity import BASE, WEIGHTS_OF, changed, weights_digest

FOLDER, MANIFEST, RANDOM = "checkpoints", "manifest.json", "random.json"
KEPT = 2


class CheckpointError(UserError):
    """No usable checkpoint; names the folder and the remedy."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that verified: all its files are what was written."""

    folder: Path
    step: int
    identity: Mapping[str, str]
    """What the run depends on, by content."""
    lengths: Mapping[str, int]
    """Bytes of each file of records when it was taken."""
    skipped: Mapping[str, int]
    """Optimizer steps in a row that each model had left out."""
    seconds: float
    """Wall clock of the run until then, earlier parts included."""
    last: bool
    """Whether the run was to end there: the records up to it hold what is only done at the end."""


def save(
    run_folder: Path,
    engines: Mapping[Role, TrainEngine],
    *,
    step: int,
    identity: Mapping[str, str],
    lengths: Mapping[str, int],
    skipped: Mapping[Role, int],
    seconds: float,
    last: bool,
) -> None:
    """Write a checkpoint beside the others, verify it, and then let the older ones go.

    Raises:
        DiskError: it could not be written; the earlier ones are as they were.
    """
    root = run_folder / FOLDER
    with disk.naming(root):
        root.mkdir(exist_ok=True)
    disk.sync(run_folder)
    final, temporary = root / f"step-{step:08d}", root / f".step-{step:08d}-{os.getpid()}"
    _clear(root)
    with disk.naming(temporary):
        temporary.mkdir()
    try:
        for role, engine in engines.items():
            engine.save(temporary / role)
        write_json(temporary / RANDOM, _random_states())
        files = _files(temporary)
        for name in files:
            disk.sync(temporary / name)
        about = {
            "step": step,
            "identity": dict(identity),
            "lengths": dict(lengths),
            "skipped": dict(skipped),
            "seconds": seconds,
            "last": last,
            "files": {name: _digest(temporary / name) for name in files},
        }
        write_json(temporary / MANIFEST, about | {"sha256": _seal(about)})
        for folder in {(temporary / name).parent for name in files}:
            disk.sync(folder)
        if final.exists():  # damaged, or the run would have gone on from it
            shutil.rmtree(final)
        disk.rename(temporary, final)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    if verified(final):
        for old in _named(run_folder)[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
    _clear(root)


def help_save(engines: Mapping[Role, TrainEngine]) -> None:
    """What the other processes do while the first one saves: give it what they hold."""
    for engine in engines.values():
        engine.save(Path())


def there_are(run_folder: Path) -> bool:
    """Whether the run has come to one, be it damaged since."""
    return bool(_named(run_folder))


def latest(run_folder: Path) -> Checkpoint | None:
    """The newest whose manifest verifies."""
    return next((found for folder in _named(run_folder) if (found := verified(folder))), None)


def to_go_on_from(run_folder: Path, steps: int) -> Checkpoint | None:
    """The newest for a run of this many steps; None where the run has not come to one.

    One of a run that was to end before is removed: its records hold an evaluation that the longer run does not have.

    Raises:
        CheckpointError: there are only damaged ones.
    """
    while there_are(run_folder):
        found = required(run_folder)
        if not found.last or found.step >= steps:
            return found
        gone = found.folder.with_name(f".{found.folder.name}-{os.getpid()}")  # in one moment: half of it is damage
        disk.rename(found.folder, gone)
        shutil.rmtree(gone)
    return None


def verified(folder: Path) -> Checkpoint | None:
    """The checkpoint in a folder; None where a file is missing, or is not what was written."""
    try:
        manifest = read_json(folder / MANIFEST)
        if manifest.pop("sha256") != _seal(manifest):
            return None
        if {name: _digest(folder / name) for name in _files(folder)} != manifest["files"]:
            return None
        about = ("step", "identity", "lengths", "skipped", "seconds", "last")
        return Checkpoint(folder, *(manifest[name] for name in about))
    except (RecordError, OSError, AttributeError, KeyError, TypeError):
        return None


def required(run_folder: Path) -> Checkpoint:
    """Raises CheckpointError where there is none, naming those that are damaged."""
    found = latest(run_folder)
    if found is None:
        damaged = ", ".join(folder.name for folder in _named(run_folder))
        why = f"damaged: {damaged}" if damaged else "none; set train.checkpoint_every in the run's configuration"
        raise CheckpointError(f"{run_folder / FOLDER}: no checkpoint to go on from ({why})")
    return found


def restore(found: Checkpoint, engines: Mapping[Role, TrainEngine]) -> None:
    """Put models, optimizers and random states back."""
    for role, engine in engines.items():
        engine.load(found.folder / role)
    _set_random_states(read_json(found.folder / RANDOM))


def refuse_others(found: Checkpoint, identity: Mapping[str, str]) -> None:
    """Raises CheckpointError where the run depends on something else now; names what changed."""
    if names := changed(found.identity, identity):
        raise CheckpointError(
            f"{found.folder}: since it was taken, this changed: {', '.join(names)}; put it back, or do the run "
            "again in another folder"
        )


def refuse_another_base(found: Checkpoint, base: nn.Module) -> None:
    """Raises CheckpointError where its adapter was trained on other weights than these."""
    if found.identity[WEIGHTS_OF.format(BASE)] != weights_digest(base):
        raise CheckpointError(
            f"{found.folder}: holds an adapter, and its base model has other weights now; use the versions, the files "
            "and the cache that the run was made with"
        )


def load_weights(run_folder: Path, role: Role = "actor") -> dict[str, Any]:
    """State dict of a trained role of the latest checkpoint.  Raises CheckpointError if the run kept none."""
    return weights_of(required(run_folder), role)


def weights_of(found: Checkpoint, role: Role = "actor") -> dict[str, Any]:
    """State dict of a trained role."""
    return load_states(found.folder / role / WEIGHTS)


def _named(run_folder: Path) -> list[Path]:
    """Newest first."""
    return sorted((run_folder / FOLDER).glob("step-*"), reverse=True)


def _clear(root: Path) -> None:
    """Remove what earlier processes left half written; the folder's lock keeps others out."""
    for left in root.glob(".step-*"):
        shutil.rmtree(left, ignore_errors=True)


def _files(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(name for path in paths if (name := path.relative_to(folder).as_posix()) != MANIFEST)


def _digest(path: Path) -> dict[str, Any]:
    return {"sha256": file_digest(path), "bytes": path.stat().st_size}


def _seal(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(manifest).encode()).hexdigest()


def _random_states() -> dict[str, Any]:
    version, numbers, gauss = random.getstate()
    kind, keys, *rest = np.random.get_state(legacy=True)
    states = {
        "python": [version, list(numbers), gauss],
        "numpy": [kind, np.asarray(keys).tolist(), *rest],
        "torch": torch.get_rng_state().numpy().tobytes().hex(),
        "cuda": [],
    }
    if torch.cuda.is_available():
        states["cuda"] = [state.numpy().tobytes().hex() for state in torch.cuda.get_rng_state_all()]
    return states


def _set_random_states(states: Mapping[str, Any]) -> None:
    version, numbers, gauss = states["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *rest))
    torch.set_rng_state(_tensor(states["torch"]))
    if states["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([_tensor(state) for state in states["cuda"]])


def _tensor(text: str) -> torch.Tensor:
    return torch.frombuffer(bytearray.fromhex(text), dtype=torch.uint8)
