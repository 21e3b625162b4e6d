"""What several runs share (warm-started base models, reward models), by the hash of what made it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from rlvr_bench.harness.config.load import hash_of
from rlvr_bench.harness.records import write_json

RECIPE = 3  # raise when the code that makes a cached thing changes what it makes


def cache_root() -> Path:
    """`$RLVR_BENCH_CACHE`, else the user's cache folder."""
    if chosen := os.environ.get("RLVR_BENCH_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rlvr-bench"


def is_cached(kind: str, key: Any) -> bool:
    """Whether it was made before."""
    return _folder(kind, key).exists()


def _folder(kind: str, key: Any) -> Path:
    digest = hash_of({"recipe": RECIPE, "torch": torch.__version__, "kind": kind, "key": key})
    return cache_root() / f"{kind}-{digest}"


def cached(
    kind: str, key: Any, make: Callable[[], tuple[dict[str, torch.Tensor], dict[str, Any]]]
) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Weights and facts made once for a key; a folder appears whole or not at all.

    Args:
        key: JSON-able; everything that the result depends on.
        make: returns (state dict, facts).
    """
    folder = _folder(kind, key)
    if not folder.exists():
        weights, facts = make()
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=folder.parent))
        torch.save(weights, temporary / "weights.pt")
        write_json(temporary / "facts.json", facts)
        try:
            temporary.rename(folder)
        except OSError:  # another process was faster; what it made is the same
            shutil.rmtree(temporary)
    weights = torch.load(folder / "weights.pt", weights_only=True)
    return weights, json.loads((folder / "facts.json").read_text())
