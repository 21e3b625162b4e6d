"""Starts a worker that is one of our own Python programs."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rlvr_bench.rewards.workers.pool import Launch

# No inherited environment: a verdict must depend on the completion and its target alone.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "LANG": "C.UTF-8"}


def python_worker(module: str, arguments: Sequence[Any] = (), environment: Mapping[str, str] | None = None) -> Launch:
    """How to call `main(*arguments)` of a module in a fresh interpreter.

    Args:
        module: dotted name; searched where this process finds its modules, never in the working directory.
        arguments: values whose `repr` is their literal.
        environment: variables to add.
    """
    paths = [path for path in sys.path if path]
    code = f"import sys; sys.path[:0] = {paths!r}; from {module} import main; main(*{tuple(arguments)!r})"
    return Launch([sys.executable, "-P", "-c", code], environment={**_ENVIRONMENT, **(environment or {})})
