"""What a program expects of its interpreter, where a confined child differs: its file, its locks, its orderly end.

Sent into the sandbox as text, so it imports only the standard library.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import io
import os
import sys
import threading
from typing import Any

FILE_NAME = "solution.py"
FLUSH_FAILED = 120  # Python's exit status if standard output cannot be flushed

_LIBC = ctypes.CDLL(None)
_RECURSIVE = 0  # the kind of a lock that its owner may take again
_AT_ITS_END = ("__del__", "finally")  # what a program may still do when its objects are freed, generators among them


class ThreadSemaphore:
    """A `_multiprocessing.SemLock` for the threads of one process: a child cannot make the named semaphore behind that
    one, and has no second process to share it with.  `multiprocessing.pool.ThreadPool` needs one.
    """

    SEM_VALUE_MAX = (1 << 31) - 1
    name, handle = None, 0

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> None:
        self.kind, self.maxvalue = kind, maxvalue
        self._free = threading.Semaphore(value)
        self._owner, self._taken = 0, 0

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take it; False if it did not become free in time."""
        again = self.kind == _RECURSIVE and self._is_mine()
        if not again and not self._free.acquire(block, max(0.0, timeout) if block and timeout is not None else None):
            return False
        self._owner = threading.get_ident()
        self._taken += 1
        return True

    def release(self) -> None:
        """Give it back."""
        if self.kind == _RECURSIVE:
            if not self._is_mine():
                raise AssertionError("attempt to release recursive lock not owned by thread")
        elif self._get_value() >= self.maxvalue:
            raise ValueError("semaphore or lock released too many times")
        self._taken -= 1
        if self.kind != _RECURSIVE or self._taken == 0:
            self._free.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _count(self) -> int:
        return self._taken

    def _is_mine(self) -> bool:
        return self._taken > 0 and self._owner == threading.get_ident()

    def _get_value(self) -> int:
        return self._free._value  # type: ignore[attr-defined]

    def _is_zero(self) -> bool:
        return self._get_value() == 0


def provide_semaphores() -> None:
    """Let `multiprocessing`, if a solution imports it, make semaphores of threads."""
    with contextlib.suppress(ImportError):  # an interpreter without them
        import _multiprocessing

        _multiprocessing.SemLock = ThreadSemaphore


def file_of(code: str) -> str:
    """The path that is the program's `__file__`; the file is there if the program mentions it."""
    path = os.path.abspath(FILE_NAME)
    if "__file__" in code:  # else not, because writing and removing a file takes longer than a small program
        with contextlib.suppress(OSError), open(path, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(code)
    return path


def end(code: str) -> int:
    """Do what the interpreter does at the end of a program, up to its exit.

    Returns:
        0, or the exit status that tells of a failure.
    """
    status = 0
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads as leaving a program does
        atexit._run_exitfuncs()
        if sys.stdout is not None and not sys.stdout.closed:
            sys.stdout.flush()
    except BaseException:
        status = FLUSH_FAILED
    files = _files()
    _flush(files)
    if any(word in code for word in _AT_ITS_END):  # else nobody can tell, and freeing many objects takes long
        # Python's own files are still held, so that they are open when a destructor writes to them.
        files = [file for file in files if type(file).__module__ == "_io"]
        sys.modules.pop("__main__", None)
        sys.stdout = sys.__stdout__
        gc.collect()
        _flush(files)
    return status


def _files() -> list[Any]:
    """The open files of the program, whoever holds them.  Those of the worker are not among them: they are frozen."""
    with contextlib.suppress(MemoryError):
        return [item for item in gc.get_objects() if issubclass(type(item), io.IOBase)]
    return []


def _flush(files: list[Any]) -> None:
    """Write out what files still hold, as closing them would; then what the C library holds."""
    for file in files:
        with contextlib.suppress(BaseException):  # it is closed, or its descriptor is
            file.flush()
    _LIBC.fflush(None)
