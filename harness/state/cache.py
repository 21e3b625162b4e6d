"""What several runs share (warm-started base models, reward models, critics), by the hash of all that made it.

A folder appears whole or not at all, under a lock that other processes wait for.  What is damaged is made again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from rlvr_bench.harness.engines.state_files import load_states, save_states
from rlvr_bench.harness.records import RecordError, disk, file_digest, hash_of, read_json, write_json

WEIGHTS, FACTS, FILES = "weights", "facts.json", "files.json"


def cache_root() -> Path:
    """`$RLVR_BENCH_CACHE`, else the user's cache folder."""
    if chosen := os.environ.get("RLVR_BENCH_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rlvr-bench"


def is_cached(kind: str, key: Any) -> bool:
    """Whether it was made before, and is what was made."""
    return _whole(_folder(kind, key))


def cached(
    kind: str, key: Any, make: Callable[[], tuple[dict[str, torch.Tensor], dict[str, Any]]]
) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Weights and facts made once for a key.

    Args:
        key: JSON-able; everything that the result depends on.
        make: returns (state dict, facts).
    """
    folder = _folder(kind, key)
    if not _whole(folder):
        with _lock(folder):
            for left in folder.parent.glob(f".{folder.name}-*"):  # of a process that was killed in here
                shutil.rmtree(left, ignore_errors=True)
            if not _whole(folder):  # while this process waited, another may have made it
                _put(folder, *make())
    return load_states(folder / WEIGHTS), read_json(folder / FACTS)


def _folder(kind: str, key: Any) -> Path:
    digest = hash_of({"kind": kind, "key": key})
    return cache_root() / f"{kind}-{digest}"


def _put(folder: Path, weights: dict[str, torch.Tensor], facts: dict[str, Any]) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        save_states(weights, temporary / WEIGHTS)
        write_json(temporary / FACTS, facts)
        write_json(temporary / FILES, _digests(temporary))
        shutil.rmtree(folder, ignore_errors=True)  # damaged
        disk.rename(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _whole(folder: Path) -> bool:
    try:
        return read_json(folder / FILES) == _digests(folder)
    except (RecordError, OSError):
        return False


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: file_digest(path) for path in sorted(folder.iterdir()) if path.name != FILES}


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
