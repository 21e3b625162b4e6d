"""How right a model is on held-out items: pure estimators, and the same as `evaluate` modules.

`estimators` is what the training loop calls.  The modules wrap it for users of `evaluate`; they
load by path, without a network: `evaluate.load("harness/accuracy/pass_at_k")` or `load("pass_at_k")` here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

NAMES = ("maj_at_k", "pass_at_k")


def load(name: str) -> Any:
    """The `evaluate.Metric` of a name.

    Imports `evaluate`, which takes seconds because it imports transformers' pipelines.  It copies the module
    under a lock into the Hugging Face module cache (`HF_MODULES_CACHE`), in a folder named by a hash of its
    text, so processes may load at once.  Inputs are kept in memory: on disk, instances would wait for each
    other's lock.

    Raises:
        ValueError: unknown name.
    """
    if name not in NAMES:
        raise ValueError(f"no accuracy metric {name!r}; there are {', '.join(NAMES)}")
    import evaluate

    return evaluate.load(str(Path(__file__).parent / name), keep_in_memory=True)
