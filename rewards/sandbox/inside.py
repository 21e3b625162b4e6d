"""The program of a sandbox worker, and what each of its children does with a completion.

Nothing here decides a verdict: a child reports what the code computed and the trusted side compares.  Code that
manipulates this module in its own process can therefore change only the values that it reports.
"""

from __future__ import annotations

import builtins
import importlib
import json
import os
import random
import resource
import site
import sys
import types
from typing import Any

from rlvr_bench.rewards.sandbox import confine, emptying, program, values
from rlvr_bench.rewards.workers import fork_server, pacing

SOURCE_NAME = "<solution>"
COMPILE_ERROR, MEMORY_ERROR, RUNTIME_ERROR = "compile_error", "memory", "runtime_error"

# What solutions usually import, loaded once before the first fork, so that no child spends time on it.  But each
# module also adds pages and fork hooks to every fork: with asyncio, unittest and logging a fork took 1.5 times as
# long.  The few solutions that need those import them themselves.
_PRELOAD = (
    "abc array ast base64 binascii bisect cmath collections contextlib copy dataclasses datetime decimal enum "
    "fractions functools hashlib heapq inspect io itertools json math numbers operator queue random re secrets "
    "statistics string struct textwrap threading time traceback typing unicodedata zlib"
)


def main(config: dict[str, Any]) -> None:
    """Confine this process as its tier requires and serve jobs."""
    for name in _PRELOAD.split():
        importlib.import_module(name)
    program.provide_semaphores()
    site.setquit()  # `exit` and `quit`, which are missing without site packages
    scratch = config["scratch"]
    if os.listdir(scratch):  # emptied after each job, so it must be this worker's own, even if the container is none
        sys.exit(f"the scratch folder {scratch} is not empty, so it is not this worker's own")
    os.chdir(scratch)
    libc = confine.load_libc()
    calls = None if config["unsafe"] else confine.seccomp.Filter()
    if not config["unsafe"]:
        confine.confine_worker(libc, config)
    pace = None if config["unsafe"] else pacing.begun(libc)
    for name in [name for name in sys.modules if name.partition(".")[0] == "rlvr_bench"]:
        del sys.modules[name]  # a solution sees the standard library only

    def set_up(job: dict[str, Any], notes: int, output: int) -> None:
        if pace is not None:
            os.close(pace.descriptor)
        random.seed(0)  # so that a verdict does not depend on chance
        if job["mode"] == "stdio":
            _attach_streams(job["stdin"], output)
        else:
            os.close(output)
        confine.confine_child(libc, memory=config["memory"], seconds=job["seconds"], calls=calls)

    def child(job: dict[str, Any], notes: int, output: int) -> None:
        _CHILDREN[job["mode"]](job, notes)

    fork_server.serve(child, lambda: _clean(scratch), lambda: emptying.over_cap(scratch), set_up=set_up, pace=pace)


def _call(job: dict[str, Any], notes: int) -> None:
    """Load the solution, call its entry with each case's arguments, report the values."""
    reported = []
    try:
        namespace = _load(job["code"], "solution")
        if job["entry"] not in namespace:
            raise NameError(f"name {job['entry']!r} is not defined")
        entry = namespace[job["entry"]]
        for case in job["cases"]:
            value = entry(*values.decode(case["args"]), **values.decode(case["kwargs"]))
            reported.append(values.encode(value))
    except BaseException as error:
        _write(notes, _failure(error))
    else:
        _write(notes, {"values": reported})


def _stdio(job: dict[str, Any], notes: int) -> None:
    """Run the solution as a program, with the interpreter's own rules for its end."""
    status = 0
    try:
        _load(job["code"], "__main__")
    except SystemExit as leaving:
        code = leaving.code
        status = 0 if code is None else code if isinstance(code, int) else 1
    except BaseException as error:
        _write(notes, _failure(error))
        status = 1
    failed = program.end(job["code"])
    os._exit((status or failed) & 0xFF)


def _script(job: dict[str, Any], notes: int) -> None:
    """Run the solution and then the checks, in one namespace: weak, since the solution can reach the checks."""
    try:
        namespace = _load(job["code"], "solution")
        exec(compile(job["script"], "<checks>", "exec", dont_inherit=True), namespace)
    except BaseException as error:
        _write(notes, _failure(error))
    else:
        _write(notes, {"done": job["nonce"]})


_CHILDREN = {"call": _call, "stdio": _stdio, "script": _script}


class _CompileError(Exception):
    """The solution is not Python."""


def _load(code: str, name: str) -> dict[str, Any]:
    """Execute the solution as a module of this name, and return its namespace."""
    try:
        compiled = compile(code, SOURCE_NAME, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _CompileError(f"{type(error).__name__}: {error}") from None
    module = types.ModuleType(name)
    module.__dict__.update(__builtins__=builtins, __file__=program.file_of(code))
    sys.modules[name] = module  # where dataclasses and pickle look up modules
    sys.argv = [program.FILE_NAME]
    exec(compiled, module.__dict__)
    return module.__dict__


def _attach_streams(stdin: str, output: int) -> None:
    """Standard input from memory, standard output to the pipe."""
    try:
        memory = os.memfd_create("stdin")
    except (OSError, AttributeError) as error:
        raise OSError(f"memfd_create, which holds a program's input: {error}") from error
    with open(memory, "wb", closefd=False) as file:
        file.write(stdin.encode("utf-8", "surrogatepass"))
    os.lseek(memory, 0, os.SEEK_SET)
    os.dup2(memory, 0)
    os.dup2(output, 1)
    os.close(memory)
    os.close(output)
    # They live as long as the process.
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def _write(notes: int, note: dict[str, Any]) -> None:
    rest = memoryview(json.dumps(note).encode())
    while rest:
        rest = rest[os.write(notes, rest) :]


def _failure(error: BaseException) -> dict[str, Any]:
    """What went wrong, found without a call to anything that the solution may have defined."""
    if isinstance(error, MemoryError):
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        return {"error": MEMORY_ERROR, "detail": ""}
    kind = type(error)
    if kind is _CompileError:
        return {"error": COMPILE_ERROR, "detail": error.args[0][:300]}
    detail = kind.__name__
    if kind.__module__ == "builtins" and error.args and type(error.args[0]) is str:
        detail += f": {error.args[0][:200]}"
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == SOURCE_NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return {"error": RUNTIME_ERROR, "detail": f"{detail} (line {line})" if line else detail}


def _clean(scratch: str) -> None:
    """Empty the scratch folder, so that no completion sees a file of the one before."""
    try:
        os.chdir(scratch)
    except FileNotFoundError:  # in the unsafe tier the solution can remove it
        os.makedirs(scratch)
        os.chdir(scratch)
    emptying.empty(scratch)
