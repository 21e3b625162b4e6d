"""Workers of scorers in the sandbox: they read the interpreter and the installed packages, and change or start nothing.

A scorer is part of an installed package, so it cannot run in the sandbox of programs, which hides those.  The tiers are
the same, and so is what a child may not do.  `bwrap`: the worker starts in namespaces of its own.  `landlock`: the
worker gives up the file system after it has loaded the generator.  `unsafe`: limits and deadlines only; never chosen,
it takes the override.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rlvr_bench.rewards.sandbox import confine, seccomp, tiers
from rlvr_bench.rewards.sandbox.tiers import Tier
from rlvr_bench.rewards.workers.pool import Launch
from rlvr_bench.rewards.workers.python import python_worker

_PACKAGES = ("reasoning_gym", "rlvr_bench.rewards", "rlvr_bench.harness")


def launch(tier: Tier, module: str, arguments: Sequence[Any], environment: Mapping[str, str]) -> Launch:
    """How to start a worker; its `main` calls `confine_worker` with the same tier.

    Raises:
        OSError: a program that the tier needs is missing.
    """
    plain = python_worker(module, arguments, environment)
    if tier != "bwrap":
        return plain
    command = tiers.bwrap_command(readable=package_folders())
    python = str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())
    *options, code = plain.command[1:]
    # The environment of this interpreter is not that one's: its `.pth` files may lead to an editable install.
    code = f"import site; [site.addsitedir(folder) for folder in {_site_folders()!r}]; {code}"
    return Launch([*command, python, *options, code], environment=plain.environment, reports_pid=True)


def package_folders() -> list[str]:
    """Folders of installed packages, and what links in them lead to (an editable install consists of links)."""
    folders = _site_folders()
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        for place in (spec.submodule_search_locations or []) if spec is not None else []:
            folders.append(place)
    return list(dict.fromkeys(os.path.realpath(folder) for folder in folders if os.path.isdir(folder)))


def _site_folders() -> list[str]:
    return [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]


def confine_worker(tier: Tier) -> Callable[[int, float], None]:
    """Confine this process; what its children call, with bytes of memory and seconds, before they read an answer.

    Raises:
        OSError: the kernel does not offer what the tier needs.
    """
    libc = confine.load_libc()
    calls = None
    if tier != "unsafe":
        parts, opened = tiers.without_hidden()
        readable = [*parts, *package_folders(), "/dev/urandom", "/dev/random"]
        config = {"landlock": tier == "landlock", "readable": readable, "writable": ["/dev/null"], "listable": opened}
        confine.confine_worker(libc, config)
        calls = seccomp.Filter()
    return lambda memory, seconds: confine.confine_child(libc, memory=memory, seconds=seconds, calls=calls)


def attempts(canary: str, trusted: int) -> list[str]:
    """What this process could do that it must not: read a file, write one, start a program, open a socket."""

    def write() -> None:
        Path(canary).with_name("planted").write_text("x")

    tried: dict[str, Callable[[], object]] = {
        "read a canary file": lambda: Path(canary).read_bytes(),
        "write a file": write,
        "start a program": lambda: subprocess.run([sys.executable, "-c", ""], check=False),
        "open a socket": socket.socket,
        "read the trainer's environment": lambda: Path(f"/proc/{trusted}/environ").read_bytes(),
    }
    succeeded = []
    for name, attempt in tried.items():
        with contextlib.suppress(OSError):
            attempt()
            succeeded.append(name)
    return succeeded


@contextlib.contextmanager
def canary_file():
    """A file that a confined worker must not be able to read, in a folder that every user can enter."""
    with tempfile.TemporaryDirectory(prefix="rlvr-canary-") as folder:
        os.chmod(folder, 0o755)
        path = os.path.join(folder, "canary")
        Path(path).write_text("canary")
        yield path
