"""Programs that make as many threads as they can, by the bare system call."""

from __future__ import annotations

# One stack for all of them: none touches it, because each waits for signals for ever.  The limit on address space
# therefore does not stop them.  The machine code calls clone; in the new thread it calls pause again and again.
CLONE_BOMB = """
import ctypes, mmap, time
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
start = ctypes.addressof(ctypes.c_char.from_buffer(code))
flags = 0x10F00  # CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD
code.write(
    b"\\x48\\xbe" + (start + 4096).to_bytes(8, "little") + b"\\xbf" + flags.to_bytes(4, "little")
    + b"\\x31\\xd2\\x4d\\x31\\xd2\\x4d\\x31\\xc0\\xb8\\x38\\x00\\x00\\x00\\x0f\\x05\\x85\\xc0\\x75\\x09"
    + b"\\xb8\\x22\\x00\\x00\\x00\\x0f\\x05\\xeb\\xf7" + b"\\xc3"
)
clone = ctypes.CFUNCTYPE(ctypes.c_int)(start)
def bomb(wanted):
    made = 0
    while made < wanted:
        made += clone() > 0
"""

ADD = {"type": "call", "entry": "add", "cases": [{"args": [1, 2], "want": 3}]}
GOOD = "def add(a, b): return a + b"


def block(code: str) -> str:
    """A completion with this program."""
    return f"```python\n{code}\n```"
