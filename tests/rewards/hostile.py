"""Hostile programs: what they try, and what they earn.

`ATTEMPTS` try what must be refused, with an OSError, and then give the right answer, which earns 1; where an attempt
succeeds they say so, which earns 0.  `WORTHLESS` earn 0.  CANARY is a file of the machine that anyone may write to.
Numbers of system calls are those of x86-64.
"""

from __future__ import annotations

from tests.rewards.bombs import CLONE_BOMB

PRELUDE = """
import ctypes, mmap, os, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def syscall(number, *arguments):
    result = libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result
def own(name="own"):
    with open(name, "w") as file:
        file.write("x")
    return name
"""
_PATH = "CANARY.encode()"
_AT = "ctypes.c_int(-100)"

ATTEMPTS = [
    # emptying a file without writing to it, or with the access mode that asks for nothing
    "os.open(CANARY, os.O_RDONLY | os.O_TRUNC)",
    "os.open(CANARY, os.O_ACCMODE)",
    "os.open(CANARY, os.O_ACCMODE | os.O_TRUNC)",
    "os.open(CANARY, os.O_WRONLY | os.O_TRUNC)",
    "os.open(CANARY, os.O_RDWR | os.O_TRUNC | os.O_APPEND)",
    "os.open(own(), os.O_RDONLY | os.O_TRUNC)",
    "os.open(own(), os.O_RDONLY | os.O_TRUNC | os.O_CREAT)",
    "os.open(own(), os.O_ACCMODE)",
    "os.open(own(), os.O_ACCMODE | os.O_TRUNC | os.O_CREAT)",
    "os.open('.', os.O_ACCMODE)",
    "os.open('/dev/null', os.O_ACCMODE)",
    "os.open('/dev/zero', os.O_ACCMODE)",
    "os.open('/dev/urandom', os.O_ACCMODE | os.O_NONBLOCK)",
    "os.open('/dev/random', os.O_ACCMODE | os.O_CLOEXEC)",
    "os.open(os.__file__, os.O_RDONLY | os.O_TRUNC)",
    "os.open(os.__file__, os.O_ACCMODE | os.O_TRUNC)",
    "os.truncate(CANARY, 0)",
    "os.truncate(own(), 0)",
    "os.truncate(os.open(own(), os.O_RDONLY), 0)",
    "open(CANARY, 'w')",
    "open(CANARY, 'r+')",
    "open(CANARY, 'a')",
    f"syscall(2, {_PATH}, 0o1000)",  # open, O_RDONLY | O_TRUNC
    f"syscall(2, {_PATH}, 3)",
    f"syscall(257, {_AT}, {_PATH}, 0o1000)",  # openat
    f"syscall(257, {_AT}, {_PATH}, 0o1003)",
    f"syscall(257, {_AT}, {_PATH}, 3 | 1 << 62)",  # bits that the kernel ignores
    f"syscall(437, {_AT}, {_PATH}, (ctypes.c_uint64 * 3)(0o1003), 24)",  # openat2: its flags are in memory
    f"syscall(85, {_PATH}, 0o666)",  # creat
    f"syscall(76, {_PATH}, ctypes.c_long(0))",  # truncate
    f"syscall(304, {_AT}, ctypes.create_string_buffer(64), 3)",  # open_by_handle_at
    "os.posix_fallocate(os.open(CANARY, os.O_WRONLY), 0, 9)",
    "os.rename(CANARY, 'taken')",
    "os.link(CANARY, 'taken')",
    "os.symlink(CANARY, 'taken')",
    "os.unlink(CANARY)",
    "os.mkdir(os.path.dirname(CANARY) + '/made')",
    "os.chmod(CANARY, 0)",
    "os.utime(CANARY)",
    "os.mknod(own() + 'x')",
    "os.setxattr(own(), 'user.x', b'x')",
    # processes and threads that are no threads of this process
    "syscall(56, 17, None, None, None, None)",  # clone with SIGCHLD: fork
    "syscall(56, 0x100 | 17, None, None, None, None)",
    "syscall(56, 0x10000000, None, None, None, None)",  # a user namespace
    "syscall(435, ctypes.create_string_buffer(88), 88)",  # clone3
    "syscall(57)",
    "syscall(58)",
    "syscall(59, b'/bin/true', None, None)",
    "syscall(272, 0x10000000)",  # unshare
    "os.posix_spawn(sys.executable, ['python'], {})",
    "syscall(200, os.getppid(), 9)",  # tkill
    "syscall(234, os.getppid(), os.getppid(), 9)",
    "syscall(129, os.getppid(), 9, None)",
    "syscall(434, os.getppid(), 0)",  # pidfd_open
    "os.kill(os.getppid(), 19)",
    # the filter, its announcements, and limits
    "syscall(317, 1, 0, None)",
    "syscall(317, 1, 8, None)",
    "syscall(157, 22, 2, None)",
    "[syscall(16, d, 0xC0502100, ctypes.create_string_buffer(80)) for d in range(3, 64)]",  # receive an announcement
    "[syscall(16, d, 0xC0182101, ctypes.create_string_buffer(24)) for d in range(3, 64)]",  # answer one
    "syscall(302, 0, 9, (ctypes.c_uint64 * 2)(1 << 40, 1 << 40), None)",
    "syscall(302, os.getppid(), 6, (ctypes.c_uint64 * 2)(1, 1), None)",
    "syscall(160, 7, (ctypes.c_uint64 * 2)(1 << 20, 1 << 20))",
    "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
    "syscall(444, None, 0, 1)",
    # memory of other processes, and memory that is not counted
    "syscall(310, os.getppid(), None, 0, None, 0, 0)",
    "syscall(101, 16, os.getppid(), None, None)",
    "open(f'/proc/{os.getppid()}/mem', 'rb')",
    "open('/proc/self/mem', 'rb')",
    "os.listdir('/proc/self/task')",
    "os.memfd_create('x')",
    "syscall(29, 0, 1 << 20, 0o1600)",
    "syscall(240, b'/x', 0o102, 0o600, None)",
    "syscall(323, 0)",
    "syscall(425, 8, ctypes.create_string_buffer(120))",
    "syscall(321, 0, ctypes.create_string_buffer(64), 64)",
]

_EVERYWHERE = "for d in range(3, 64):\n    try: os.write(d, %s)\n    except OSError: pass\n"
_SOCKET = "import socket\n"
# Outcomes that each may have; none earns anything.
WORTHLESS: list[tuple[str, set[str]]] = [
    # saying that it was not set up, or is somebody else's frame
    (_EVERYWHERE % "b'-'" + "os._exit(70)", {"protocol", "crash"}),
    (_EVERYWHERE % "b'+'" + "os._exit(0)", {"protocol", "crash"}),
    (_EVERYWHERE % "b'OSError: memfd_create'" + "os._exit(70)", {"protocol"}),
    (_EVERYWHERE % "b'n' + (16).to_bytes(4, 'big') + b'{\"values\": [3]}'" + "os._exit(0)", {"protocol"}),
    (_EVERYWHERE % "b'e\\0\\0\\0\\x02{}'" + "os._exit(0)", {"protocol"}),
    (_EVERYWHERE % "b'x\\0\\0\\0\\x01a'" + "os._exit(0)", {"protocol"}),
    (_EVERYWHERE % "b'{}'" + "os._exit(0)", {"protocol"}),
    (_EVERYWHERE % "b'[]'" + "os._exit(0)", {"protocol"}),
    (_EVERYWHERE % "b'null'" + "os._exit(0)", {"protocol"}),
    (_EVERYWHERE % "b'{\"values\": null}'" + "os._exit(0)", {"protocol"}),
    (_EVERYWHERE % "b'{\"values\": {}}'" + "os._exit(0)", {"protocol"}),
    (_EVERYWHERE % "b'{\"values\": [NaN]}'" + "os._exit(0)", {"wrong"}),
    (_EVERYWHERE % "b'{\"error\": \"pass\"}'" + "os._exit(0)", {"protocol"}),
    (_EVERYWHERE % "b'{\"error\": \"infra\"}'" + "os._exit(0)", {"protocol"}),
    (_EVERYWHERE % "b'{\"error\": [], \"detail\": {}}'" + "os._exit(0)", {"protocol"}),
    (_EVERYWHERE % "b'{\"values\": [{\"other\": 3}]}'" + "os._exit(0)", {"wrong"}),
    (_EVERYWHERE % "b'{\"values\": [{\"int\": \"3\", \"x\": 1}]}'" + "os._exit(0)", {"protocol"}),
    (_EVERYWHERE % "b'{\"values\": [3.0]}'" + "os._exit(0)", {"wrong"}),
    (_EVERYWHERE % "b'{\"values\": [\"3\"]}'" + "os._exit(0)", {"wrong"}),
    (_EVERYWHERE % "b'{\"values\": [3]}' * 2" + "os._exit(0)", {"protocol"}),
    (_EVERYWHERE % "b'\\xff\\xfe'" + "os._exit(0)", {"protocol"}),
    (_EVERYWHERE % "b'\\0' * 9000" + "os._exit(0)", {"wrong"}),
    ("for d in range(64):\n    try: os.close(d)\n    except OSError: pass\nwhile True: pass", {"timeout"}),
    ("for d in range(64):\n    try: os.close(d)\n    except OSError: pass", {"crash"}),
    ("for d in range(3, 64):\n    try: os.dup2(os.open('/dev/null', 2), d)\n    except OSError: pass\nos._exit(0)",
     {"crash"}),
    # how it ends
    ("os._exit(71)", {"crash"}),
    ("os.kill(os.getpid(), 19)\nwhile True: pass", {"timeout"}),
    ("import signal\nfor s in {*range(1, 65)} - {9, 19, 32, 33}: signal.signal(s, signal.SIG_IGN)\nwhile True: pass",
     {"timeout"}),
    ("import signal\nsignal.signal(24, signal.SIG_IGN)\n9 ** 9 ** 9", {"timeout", "memory"}),
    ("ctypes.string_at(1)", {"crash"}),
    ("sys.setrecursionlimit(10**9)\nf = lambda: f()\nf()", {"crash", "memory", "runtime_error", "timeout"}),
    ("code = mmap.mmap(-1, 4096, prot=7)\ncode.write(b'\\x0f\\x0b')\n"
     "ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()", {"crash"}),
    ("code = mmap.mmap(-1, 4096, prot=7)\ncode.write(b'\\xb8\\x01\\0\\0\\0\\xcd\\x80\\xc3')\n"
     # int 0x80: another numbering
     "ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()", {"crash"}),
    ("libc.syscall(ctypes.c_long(0x40000000 | 39))", {"crash"}),  # x32
    # threads
    (CLONE_BOMB + "bomb(4000)\ndef add(a, b): return a + b", {"crash"}),
    (CLONE_BOMB + "bomb(10**9)", {"crash"}),
    (CLONE_BOMB + "time.sleep(0.2)\nbomb(1000)\ntime.sleep(60)", {"crash"}),
    (CLONE_BOMB + "bomb(100)\nos.kill(os.getpid(), 19)", {"timeout"}),
    (CLONE_BOMB + "bomb(100)\nos._exit(0)", {"crash"}),
    (CLONE_BOMB + "def f():\n    bomb(1000)\nfor _ in range(8): threading.Thread(target=f).start()\ntime.sleep(60)",
     {"crash"}),
    ("threading.stack_size(1 << 15)\nwhile True: threading.Thread(target=threading.Event().wait).start()",
     {"crash", "memory", "runtime_error", "timeout"}),
    ("while True:\n    t = threading.Thread(target=int)\n    t.start()\n    t.join()", {"timeout"}),
    ("threading.Thread(target=lambda: os._exit(0)).start()\nwhile True: pass", {"crash"}),
    ("def spin():\n    while True: pass\nfor _ in range(20): threading.Thread(target=spin).start()\nspin()",
     {"timeout"}),
    # files, memory, descriptors
    ("for i in range(10**6): os.mkdir(f'd{i}')", {"output_limit", "runtime_error", "timeout"}),
    ("while True:\n    os.mkdir('d')\n    os.chdir('d')", {"output_limit", "runtime_error", "timeout"}),
    ("os.mkdir('d', 0)\nos.rename('d', 'e')\nwhile True: open(os.urandom(9).hex(), 'w').close()",
     {"output_limit", "timeout"}),
    ("f = open('big', 'wb')\nwhile True: f.write(bytes(1 << 20))", {"output_limit", "runtime_error", "crash"}),
    ("f = open('sparse', 'wb')\nf.truncate(1 << 40)", {"runtime_error", "crash"}),
    ("held = [os.pipe() for _ in range(10**6)]", {"runtime_error"}),
    ("held = []\nwhile True: held.append(mmap.mmap(-1, 1 << 26)); held[-1][::4096] = bytes(1 << 14)",
     {"memory", "runtime_error", "timeout"}),
    ("x = [0] * 10**9\ndef add(a, b): return 3", {"memory"}),
    ("def add(a, b): return 'x' * 10**7", {"output_limit"}),
    ("while True: print('x' * 10**6)", {"timeout"}),
    (_SOCKET + "a, b = socket.socketpair()\nwhile True: a.send(b'x' * 10**6)", {"timeout"}),
    ("import gc\nfound = [o for o in gc.get_objects() if type(o) is dict and 'want' in o]\n"
     "def add(a, b): return found[0]['want']", {"runtime_error"}),
    ("frame = sys._getframe()\nwhile frame.f_back: frame = frame.f_back\n"
     "def add(a, b): return frame.f_locals['want']", {"runtime_error"}),
]  # fmt: skip


def attempting(action: str) -> str:
    """A program that tries this, and then gives the right answer."""
    return (
        f"{PRELUDE}\ndef add(a, b):\n    try:\n        {action}\n    except OSError:\n        return a + b\n"
        "    return 'it succeeded'"
    )
