"""The self-test calls a tier unsafe for each thing that it fails to prevent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.rewards.sandbox import values
from rlvr_bench.rewards.sandbox.selftest import self_test
from rlvr_bench.rewards.workers.pool import Reply

HELD = {"fork": False, "open a socket": False}
KILLED, PRINTED = Reply("threads", -9, b"", b"", 0.1), Reply("exit", 0, b"", b"42\n", 0.1)
MEMORY = b'{"error": "memory", "detail": ""}'


class Pretended:
    """A sandbox that gives the answers of one that holds, unless told otherwise."""

    memory_bytes = 1 << 28

    def __init__(
        self, found: dict[str, bool] = HELD, seen: Sequence[str] = ("PATH",), two: int = 2, *, end: str = "timeout",
        hoard: bytes = MEMORY, plant: bool = False, empty: bool = False, notes: bytes | None = None,
        threads: Reply = KILLED, program: Reply = PRINTED,
    ) -> None:  # fmt: skip
        self.probe, self.end, self.hoard, self.plant, self.notes = (found, list(seen), two), end, hoard, plant, notes
        self.empty, self.threads, self.program = empty, threads, program

    def run(self, job: dict[str, Any], seconds: float) -> Reply:
        assert job["mode"] == "stdio"
        return self.program

    def call(self, code: str, entry: str, args: Sequence[Any], *, seconds: float) -> Reply:
        if entry == "probe":
            if self.plant:
                Path(args[2]).write_text("x")
            if self.empty:
                Path(args[1]).write_text("")
            notes = (
                self.notes if self.notes is not None else json.dumps({"values": [values.encode(self.probe)]}).encode()
            )
            return Reply("exit", 0, notes, b"", 0.1)
        if entry == "started":
            return self.threads
        return Reply(self.end, 0, b"", b"", 0.2) if "while True" in code else Reply("exit", 0, self.hoard, b"", 0.1)


def test_a_sandbox_that_holds_passes() -> None:
    assert self_test(Pretended()) is None
    refused = Reply("exit", 0, b'{"values": [false]}', b"", 0.1)
    assert self_test(Pretended(threads=refused)) is None  # by a container's own cap


@pytest.mark.parametrize(
    ("sandbox", "failure"),
    [
        (Pretended({"fork": True, "open a socket": True}), "code inside could fork; open a socket"),
        (Pretended(plant=True), "code inside could write outside its folder"),
        (Pretended(seen=["PATH", "SECRET", "TOKEN"]), "code inside could see the environment variables SECRET, TOKEN"),
        (Pretended(two=3), "code inside computes wrong values"),
        (Pretended(end="exit"), "the deadline does not end a busy loop"),
        (Pretended(hoard=b""), "the memory limit does not hold"),
        (Pretended(empty=True), "code inside could empty a file outside its folder"),
        (Pretended(threads=Reply("exit", 0, b'{"values": [true]}', b"", 1.0)), "the cap on threads does not hold"),
        (
            Pretended(program=Reply("exit", 1, b"", b"", 0.1)),
            "a program that reads and prints exits with status 1, b''",
        ),
        (Pretended(notes=b"garbage"), "the probe gave no answer: exit, status 0, b'garbage'"),
    ],
)
def test_each_leak_is_named(sandbox: Pretended, failure: str) -> None:
    assert self_test(sandbox) == failure
