"""Whether a tier really confines: found out by running code in it that tries to break out."""

from __future__ import annotations

import json
import os
import tempfile
from typing import TYPE_CHECKING

from rlvr_bench.rewards.sandbox import values

if TYPE_CHECKING:
    from rlvr_bench.rewards.sandbox.sandbox import Sandbox

# Each attempt gives True when it succeeded, which is bad, except the last few, which report facts.
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
    }
    attempt(write)
    return found, sorted(os.environ), 1 + 1
"""
_ENVIRONMENT = {"HOME", "HOSTNAME", "LANG", "LC_CTYPE", "MALLOC_ARENA_MAX", "PATH", "PWD", "TMPDIR"}
_OWN_PREFIXES = ("PYTHON", "GPG_KEY")  # the container image of the docker tier sets some


def self_test(sandbox: Sandbox) -> str | None:
    """Try to break out of a sandbox; what went wrong, or None if it holds.

    Raises:
        WorkerDied, OSError: it does not even start.
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
    foreign = [name for name in environment if name not in _ENVIRONMENT and not name.startswith(_OWN_PREFIXES)]
    if foreign:
        escapes.append(f"see the environment variables {', '.join(foreign[:5])}")
    if escapes:
        return f"code inside could {'; '.join(escapes)}"
    if two != 2:
        return "code inside computes wrongly"
    if sandbox.call("while True: pass", "f", [], seconds=0.2).end != "timeout":
        return "the deadline does not end a busy loop"
    hoard = sandbox.call(f"x = bytearray({4 * sandbox.memory_bytes})\ndef f(): return 1", "f", [], seconds=20.0)
    if b'"memory"' not in hoard.notes:
        return "the memory limit does not hold"
    return None
