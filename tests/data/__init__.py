"""Samples of real data that belong to the tests, and the full corpora where the machine has them."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "tests" / "data"
_FULL = Path(os.environ.get("RLVR_BENCH_SHARED", ROOT.parent / "shared")) / "data"
_FULL_NAMES = {"humaneval.jsonl": "humaneval.jsonl.gz", "adversarial.jsonl": "adversarial_sample.jsonl"}


def files(name: str) -> list[ParameterSet]:
    """Parameters of a test: the sample and, where there is more, the full corpus."""
    sample, full = SAMPLES / name, _FULL / _FULL_NAMES.get(name, name)
    found = [pytest.param(sample, id="sample")]
    if full.is_file() and full.stat().st_size > sample.stat().st_size:
        found.append(pytest.param(full, id="full"))
    return found


def rows(file: Path) -> list[dict[str, Any]]:
    """The rows of a file of JSON lines."""
    data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [json.loads(line) for line in data.splitlines()]
