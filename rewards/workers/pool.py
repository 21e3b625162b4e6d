"""A pool of workers hands out jobs, and replaces the workers that die or hang."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from queue import LifoQueue
from typing import Any, TypeVar

from rlvr_bench.rewards.types import Verdict, wrong
from rlvr_bench.rewards.workers.fork_server import OUT_OF_MEMORY
from rlvr_bench.rewards.workers.worker import Launch, Reply, Worker, WorkerDied, start

ATTEMPTS = 3

Item = TypeVar("Item")
Result = TypeVar("Result")


class Pool:
    """A fixed number of workers, started when first needed and shared by any number of threads."""

    def __init__(self, launch: Callable[[], Launch], size: int) -> None:
        if size < 1:
            raise ValueError(f"a pool has at least one worker, got {size}")
        self.size = size
        self.deaths = 0
        """Workers that had to be replaced."""
        self.retries = 0
        """Jobs repeated because their worker died."""
        self._launch = launch
        self._busy: set[Worker] = set()
        self._idle: LifoQueue[Worker | None] = LifoQueue()
        for _ in range(size):
            self._idle.put(None)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="rewards")
        # Its threads start now, because later there may be no process id left for one: with a task for each that waits
        # for the others, as a thread that is free would be given the next.
        everyone = threading.Barrier(size)
        list(self._threads.map(lambda _: everyone.wait(), range(size)))
        self._lock = threading.Lock()
        self._closed = False

    def run(self, job: bytes, seconds: float) -> Reply:
        """Run a job on the next free worker; if that dies, on another.

        Raises:
            WorkerDied: every attempt ended that way, so there is no verdict.
        """
        for attempt in range(1, ATTEMPTS + 1):
            worker = self._idle.get()
            try:
                if self._closed:
                    raise RuntimeError("the pool is closed")
                worker = worker or start(self._launch, seconds)
                self._busy.add(worker)
                return worker.run(job, seconds)
            except (WorkerDied, OSError) as error:
                with self._lock:
                    self.deaths += 1
                    self.retries += attempt < ATTEMPTS
                worker = self._killed(worker)
                if attempt == ATTEMPTS:
                    raise WorkerDied(str(error)) from error
            except BaseException:
                worker = self._killed(worker)  # interrupted during a job
                raise
            finally:
                if worker is not None:
                    self._busy.discard(worker)
                self._idle.put(worker)
        raise AssertionError("unreachable")

    def _killed(self, worker: Worker | None) -> None:
        if worker is not None:
            self._busy.discard(worker)
            worker.kill()

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Apply a function that runs jobs to items, as many at a time as there are workers."""
        return list(self._threads.map(function, items))

    def worker_pids(self) -> list[int]:
        """Process ids of the running workers."""
        with self._idle.mutex:
            idle = [worker for worker in self._idle.queue if worker is not None]
        return [worker.pid for worker in {*idle, *self._busy.copy()}]

    def close(self) -> None:
        """End all workers.  Waits for running jobs.  Idempotent."""
        if self._closed:
            return
        self._threads.shutdown()
        self._closed = True
        for _ in range(self.size):
            worker = self._idle.get()
            if worker is not None:
                worker.close()
        for _ in range(self.size):
            self._idle.put(None)


def note_of(reply: Reply, what: str) -> dict[str, Any] | Verdict:
    """What one of our own programs reported from its fork; the verdict where it reported nothing.

    Args:
        what: the program, for the detail of a crash.
    """
    if reply.end != "exit":
        return wrong(outcome="timeout" if reply.end == "timeout" else "output_limit")
    if reply.status == OUT_OF_MEMORY:
        return wrong(outcome="memory")
    if reply.status != 0 or not reply.notes:
        return wrong(f"{what} ended with status {reply.status}", outcome="crash")
    return json.loads(reply.notes)


def encode_job(job: dict[str, Any]) -> bytes:
    """A job as bytes: ASCII, so that unpaired surrogates survive too."""
    return json.dumps(job).encode("ascii")
