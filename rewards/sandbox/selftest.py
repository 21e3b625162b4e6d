"""A tier confines if code that runs in it and tries to break out fails."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from typing import Any, Protocol

from rlvr_bench.rewards.sandbox import values
from rlvr_bench.rewards.workers.threads import MAX_THREADS
from rlvr_bench.rewards.workers.worker import Reply

# An attempt that succeeds is a failure of the tier; the last values of the probe are facts to compare.
_PROBE = """
import os, socket, subprocess, sys

def attempt(action):
    try:
        action()
    except OSError:
        return False
    return True

def probe(trusted, canary, planted, source):
    def fork():
        if os.fork() == 0:
            os._exit(0)
    def write():
        with open(planted, "w") as file:
            file.write("x")
    def empty_without_writing():
        with open("own", "w") as file:
            file.write("x")
        os.close(os.open("own", os.O_RDONLY | os.O_TRUNC))
    read = lambda path: (lambda: open(path, "rb").read())
    found = {
        "fork": attempt(fork),
        "start a program": attempt(lambda: subprocess.Popen([sys.executable, "-c", ""])),
        "open a socket": attempt(lambda: socket.socket()),
        "signal its parent": attempt(lambda: os.kill(os.getppid(), 0)),
        "signal the trainer": attempt(lambda: os.kill(trusted, 0)),
        "read a canary file": attempt(read(canary)),
        "read the project": attempt(read(source)),
        "read the trainer's environment": attempt(read(f"/proc/{trusted}/environ")),
        "read its parent's memory": attempt(read(f"/proc/{os.getppid()}/maps")),
        "empty a file that it may only read": attempt(empty_without_writing),
        "open a device with access mode 3": attempt(lambda: os.close(os.open(os.devnull, os.O_ACCMODE))),
    }
    attempt(write)
    attempt(lambda: os.close(os.open(canary, os.O_ACCMODE | os.O_TRUNC)))
    return found, sorted(os.environ), 1 + 1
"""
# Without a memory limit in their way: all of its threads have small stacks and wait.
_THREADS = """
import _thread, threading, time
threading.stack_size(1 << 15)
gate = _thread.allocate_lock()
gate.acquire()
def started(wanted):
    try:
        for _ in range(wanted):
            _thread.start_new_thread(gate.acquire, ())
    except RuntimeError:
        return False
    time.sleep(1)
    return True
"""
_ENVIRONMENT = {"HOME", "HOSTNAME", "LANG", "LC_CTYPE", "MALLOC_ARENA_MAX", "PATH", "PWD", "TMPDIR"}
_OWN_PREFIXES = ("PYTHON", "GPG_KEY")  # the container image of the docker tier sets some


class Confined(Protocol):
    """What the test needs of a sandbox."""

    memory_bytes: int

    def run(self, job: dict[str, Any], seconds: float) -> Reply:
        """Run one job."""
        ...

    def call(self, code: str, entry: str, args: Sequence[Any], *, seconds: float) -> Reply:
        """Load code and call one of its functions, once."""
        ...


def self_test(sandbox: Confined) -> str | None:
    """Try to break out of a sandbox: what succeeded, or None if nothing did.

    Raises:
        WorkerDied, OSError: it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="rlvr-canary-") as folder:
        os.chmod(folder, 0o755)
        canary, planted = os.path.join(folder, "canary"), os.path.join(folder, "planted")
        with open(canary, "w", encoding="ascii") as file:
            file.write("canary")
        reply = sandbox.call(_PROBE, "probe", [os.getpid(), canary, planted, __file__], seconds=20.0)
        try:
            found, environment, two = values.decode(json.loads(reply.notes)["values"][0])
        except (ValueError, LookupError, TypeError):
            return f"the probe gave no answer: {reply.end}, status {reply.status}, {reply.notes[:200]!r}"
        escapes = [name for name, succeeded in found.items() if succeeded]
        if os.path.exists(planted):
            escapes.append("write outside its folder")
        with open(canary, encoding="ascii") as file:
            if file.read() != "canary":
                escapes.append("empty a file outside its folder")
    foreign = [name for name in environment if name not in _ENVIRONMENT and not name.startswith(_OWN_PREFIXES)]
    if foreign:
        escapes.append(f"see the environment variables {', '.join(foreign[:5])}")
    if escapes:
        return f"code inside could {'; '.join(escapes)}"
    if two != 2:
        return "code inside computes wrong values"
    if sandbox.call("while True: pass", "f", [], seconds=0.2).end != "timeout":
        return "the deadline does not end a busy loop"
    hoard = sandbox.call(f"x = bytearray({4 * sandbox.memory_bytes})\ndef f(): return 1", "f", [], seconds=20.0)
    if b'"memory"' not in hoard.notes:
        return "the memory limit does not hold"
    threads = sandbox.call(_THREADS, "started", [4 * MAX_THREADS], seconds=20.0)
    if threads.end != "threads" and threads.notes != b'{"values": [false]}':
        return "the cap on threads does not hold"
    program = sandbox.run({"mode": "stdio", "code": "print(int(input()) + 1)", "stdin": "41\n"}, 20.0)
    if (program.status, program.output) != (0, b"42\n"):
        return f"a program that reads and prints {program.end}s with status {program.status}, {program.output[:80]!r}"
    return None
