"""Through Ray: what is asked of it, with a stand-in; and a study on a real cluster of two nodes."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import psutil
import pytest

from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import LOCK
from rlvr_bench.harness.runs.executors import ray
from rlvr_bench.harness.runs.executors.remote import Place, run_there
from rlvr_bench.harness.runs.jobs import Ending, Job, run_on
from tests.harness.runs.executors.jobs import job
from tests.harness.runs.executors.study import Study, kill_and_make_up

ROOT = Path(__file__).parents[4]


class FakeRay(ModuleType):
    """Remembers what it is asked; a task is done when its result is in `results`."""

    def __init__(self) -> None:
        super().__init__("ray")
        self.calls: list[Any] = []
        self.results: dict[int, Any] = {}
        self.exceptions = SimpleNamespace(RayError=KeyError)

    def init(self, **options: Any) -> None:
        self.calls.append(("init", options["address"]))
        if options["address"] == "nowhere:1":
            raise ConnectionError("Could not find any running Ray instance.\nMore.")

    def remote(self, function: Any) -> Any:
        assert function is run_there
        return self

    def options(self, **options: Any) -> Any:
        def start(job: Job, place: Place) -> int:
            self.calls.append((job.name, options["num_cpus"], options["num_gpus"], options["max_retries"]))
            return len(self.calls)

        return SimpleNamespace(remote=start)

    def nodes(self) -> list[dict[str, Any]]:
        return [{"Alive": alive, "Resources": {"CPU": cores}} for alive, cores in ((True, 4), (True, 8), (False, 99))]

    def wait(self, tasks: list[int], **options: Any) -> tuple[list[int], list[int]]:
        assert options["num_returns"] == len(tasks)
        return [task for task in tasks if task in self.results], []

    def get(self, task: int) -> Any:
        if isinstance(self.results[task], Exception):
            raise self.results[task]
        return self.results[task]

    def cancel(self, task: int, *, force: bool) -> None:
        self.calls.append(("cancel", task, force))
        self.results[task] = KeyError("cancelled")

    def shutdown(self) -> None:
        self.calls.append(("shutdown",))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    made = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", made)
    monkeypatch.setattr(ray, "POLL_SECONDS", 0.0)
    return made


def test_each_run_is_a_task_with_its_cores_and_gpus(fake: FakeRay, tmp_path: Path) -> None:
    executor = ray.Ray({"address": "head:6379", "gpus": 2})
    executor.submit(
        [
            job(tmp_path, "a", threads=3, gpus=1),
            job(tmp_path, "b", threads=0, gpus=None),
            job(tmp_path, "c", alone=True),
        ]
    )
    # The machine to itself: all cores of the largest one that is alive.  None is tried again by Ray.
    assert fake.calls == [("init", "head:6379"), ("a", 3, 1, 0), ("b", 1, 2, 0), ("c", 8, 0, 0)]
    other = ray.Ray({"cpus": 5})
    other.submit([job(tmp_path, "d", threads=3, gpus=None)])
    assert fake.calls[-2:] == [("init", "auto"), ("d", 5, 0, 0)]


def test_endings_and_lost_tasks_are_told(fake: FakeRay, tmp_path: Path) -> None:
    executor, work = ray.Ray({}), [job(tmp_path, name) for name in "ab"]
    executor.submit(work)
    assert executor.ended() == []
    fake.results[2] = Ending(replace(work[0], name="copy"), 1, False, 4.0)
    assert executor.ended() == [Ending(work[0], 1, False, 4.0)]
    fake.results[3] = KeyError("The worker died.\nMore.")
    (ending,) = executor.ended()
    assert ending.job == work[1]
    assert ending.lost.startswith("its Ray task ended: ")
    assert "The worker died." in ending.lost
    assert not executor.left()


def test_what_is_left_is_cancelled_and_the_cluster_let_go(fake: FakeRay, tmp_path: Path) -> None:
    def interrupt(running: Sequence[Job]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(run_on(ray.Ray({}), [job(tmp_path, "a"), job(tmp_path, "b")], interrupt))
    assert fake.calls[-3:] == [("cancel", 2, False), ("cancel", 3, False), ("shutdown",)]


def test_where_no_cluster_answers_it_is_said(fake: FakeRay) -> None:
    with pytest.raises(ConfigError, match=r"no cluster at nowhere:1 \(Could not find .*\); start one with `ray start"):
        ray.Ray({"address": "nowhere:1"})


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
