"""A worker of our own starts in a clean interpreter."""

from __future__ import annotations

import json
import os

import pytest

from rlvr_bench.rewards.workers.pool import Worker
from rlvr_bench.rewards.workers.python import python_worker


def main(word: str) -> None:
    """The program of the worker."""
    from rlvr_bench.rewards.workers import fork_server

    def child(job: dict, notes: int, output: int) -> None:
        os.write(notes, json.dumps([word, sorted(os.environ)]).encode())

    fork_server.serve(child)


def test_arguments_arrive_and_the_environment_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    worker = Worker(python_worker(__name__, ("hello",), {"ADDED": "1"}))
    word, names = json.loads(worker.run(b"{}", 20.0).notes)
    worker.close()
    assert word == "hello"
    assert {"ADDED", "PYTHONHASHSEED"} <= set(names) and "SECRET" not in names
