"""Through Ray: what is asked of it, with a stand-in; and a study on a real cluster of two nodes."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
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
    nodes: set[str] = set()

    def kill_the_task(folder: Path) -> None:
        """The process in which Ray runs it; the run is a child of that."""
        run = json.loads((folder / LOCK).read_text())["pid"]
        worker = psutil.Process(run).parent()
        assert worker is not None
        assert "run_there" in "".join(worker.cmdline()) or worker.name().startswith("ray::")
        nodes.update(psutil.Process(p.pid).environ()["RAY_RAYLET_PID"] for p in workers())
        os.kill(worker.pid, signal.SIGKILL)

    kill_and_make_up(Study(tmp_path, "--executor", "ray", "--executor-set", f"address={two_nodes}"), kill_the_task)
    assert len(nodes) == 2  # the runs were on both


def workers() -> list[psutil.Process]:
    """Processes in which Ray runs our tasks."""
    return [p for p in psutil.process_iter(["name"]) if p.info["name"].startswith("ray::rlvr-bench")]
