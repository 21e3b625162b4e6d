"""Small data sets of the tests' own, and their items."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.tasks.datasets.sources import SPLITS
from rlvr_bench.harness.tasks.types import Task
from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable


def write(path: Path, *rows: dict[str, Any]) -> str:
    """A file of rows, compressed if its name says so."""
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return str(path)


def items_of(task: Task) -> list[Any]:
    """All items of a finite task."""
    return [task.item(split, i) for split in SPLITS for i in range(task.size(split) or 0)]


def opened(task: Task) -> Any:
    """The task's verifier of programs; the test skips where no sandbox works."""
    try:
        return task.verifiers()["correct"]
    except SandboxUnavailable as error:
        pytest.skip(str(error))


def block(code: str) -> str:
    return f"Here it is:\n```python\n{code}\n```\n"
