"""Through Ray: what is asked of it, with a stand-in; and a study on a real cluster of two nodes."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from rlvr_bench.harness.records import LOCK
from tests.harness.runs.executors.study import Study, kill_and_make_up

ROOT = Path(__file__).parents[4]


@pytest.fixture
def two_nodes() -> Iterator[str]:
    """The address of a cluster that lasts while the test does."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install 'rlvr-bench[ray]'")
    command = [sys.executable, "-m", "tests.harness.runs.executors.two_nodes"]
    environment = dict(os.environ) | {"RAY_USAGE_STATS_ENABLED": "0"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as cluster:
        assert cluster.stdin and cluster.stdout
        address = cluster.stdout.readline().strip()
        assert address, "the cluster does not come up"
        yield address
        cluster.stdin.close()


@pytest.mark.slow
def test_a_study_on_a_real_cluster(two_nodes: str, tmp_path: Path) -> None:
    raylets: set[int] = set()

    def kill_the_task(folder: Path) -> None:
        """The process in which Ray runs it; the run is a child of that."""
        worker = psutil.Process(json.loads((folder / LOCK).read_text())["pid"]).parent()
        assert worker is not None and worker in workers()
        raylets.update(process.ppid() for process in workers())
        worker.kill()

    kill_and_make_up(Study(tmp_path, "--executor", "ray", "--executor-set", f"address={two_nodes}"), kill_the_task)
    assert len(raylets) == 2  # there were runs on both
    assert not workers()


def workers() -> list[psutil.Process]:
    """Processes in which Ray runs our tasks."""
    return [p for p in psutil.process_iter() if p.name().startswith("ray::rlvr-bench")]
