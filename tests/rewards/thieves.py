"""Programs that know nothing and search their own memory for what the completion before them computed."""

from __future__ import annotations

# A page that cannot be read makes `write` fail instead of ending the process.  The heap comes first, and little is
# allocated, because that would overwrite what is searched for.
SCAN = """
import ctypes, os, re
libc = ctypes.CDLL(None)
libc.sbrk.restype = ctypes.c_void_p
libc.write.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
def matches(pattern):
    out, back = os.pipe()
    top, near, page = libc.sbrk(0) & -4096, id(object()) & -4096, 4096
    found, tail = [], b""
    for start, end in ((top - (32 << 20), top), (near - (32 << 20), near + (32 << 20))):
        for place in range(start, end, page):
            if libc.write(back, place, page) < 0:
                tail = b""
                continue
            data = tail + os.read(out, page)
            found += re.findall(pattern, data)
            tail = data[-64:]
    os.close(out)
    os.close(back)
    return found
"""

# The answers are 10**15 + k, repeated: how long they are decides where they lay.
IN_ANSWER = r"rb'10000000000\d{5}'"
IN_CODE = r"""rb'10\*\*15 \+ (\d{5})'"""


def calling(pattern: str, times: int, offset: int = 0) -> str:
    """Reports the last match as a value."""
    report = f"[{offset} + int(found[-1])] * {times} if found else 0"
    return f"{SCAN}\ndef f():\n    found = matches({pattern})\n    return {report}"


def printing(pattern: str, times: int) -> str:
    """Prints the last match."""
    return f"{SCAN}\nfound = matches({pattern})\nprint('total', *[found[-1].decode() if found else None] * {times})"
