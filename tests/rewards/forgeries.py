"""Programs that write an answer of nearly 4 MB straight to the pipe, made to cost the reader as much as possible."""

from __future__ import annotations

_WRITE = """
import os
note = b'{"values": [' + %s + b']}'
for d in range(3, 40):
    try:
        while note: note = note[os.write(d, note):]
    except OSError: pass
os._exit(0)
"""
_SIZE = 4_000_000
# By what they do to the reader.
FORGERIES = {
    name: _WRITE % form
    for name, form in {
        "one long text": f"b'\"' + b'x' * {_SIZE} + b'\"'",
        "escapes": f"b'\"' + b'\\\\u0041' * {_SIZE // 6} + b'\"'",
        "numbers": f"b'[1' + b',1' * {_SIZE // 2} + b']'",
        "floats": f"b'[1' + b',1e9' * {_SIZE // 4} + b']'",
        "empty lists": f"b'[[]' + b',[]' * {_SIZE // 3} + b']'",
        "big integers": f"b'[1' + b',{{\"int\":\"0x7\"}}' * {_SIZE // 14} + b']'",
        "one huge integer": f"b'{{\"int\":\"0x' + b'7' * {_SIZE} + b'\"}}'",
        "huge decimal": f"b'7' * {_SIZE}",
        "bytes": f"b'{{\"bytes\":\"' + b'41' * {_SIZE // 2} + b'\"}}'",
        "deep and wide": f"b'[' * 180 + b'\"' + b'x' * {_SIZE} + b'\"' + b']' * 180",
        "sets in sets": f"b'{{\"set\":[' * 90 + b'1' + b',1' * {_SIZE // 2 - 1000} + b']}}' * 90",
        "long texts": "b'{\"set\":[\"' + b'\",\"'.join(b'x' * 3000 + b'%d' % n for n in range(1300)) + b'\"]}'",
        "a set of small ones": "b'{\"set\":[' + b','.join(b'%d' % (i * 7919 % 1000003) for i in range(550000)) + b']}'",
        "a dict": "b'{\"dict\":[' + b','.join(b'[%d,1]' % (i * 7919 % 1000003) for i in range(380000)) + b']}'",
        "tuples of complex": f"b'[1' + b',{{\"complex\":[1.5,0]}}' * {_SIZE // 22} + b']'",
        "deep dicts": f"b'{{\"dict\":[[1,' * 100 + b'\"' + b'x' * {_SIZE - 4000} + b'\"' + b']]}}' * 100",
        "never closed": f"b'[' * {_SIZE}",
    }.items()
}
# Each write is a message of its own, if the reader lets it be.
BYTE_BY_BYTE = """
import os, time
end = time.monotonic() + 1.0
while time.monotonic() < end:
    for d in range(3, 9):
        try: os.write(d, b" ")
        except OSError: pass
os._exit(0)
"""
# What a program prints that costs the comparison most.
OUTPUTS = {
    "lines": f"import sys; sys.stdout.write('\\n' * {_SIZE})",
    "short lines": f"import sys; sys.stdout.write('x\\n' * {_SIZE // 2})",
    "blanks": f"import sys; sys.stdout.write(' ' * {_SIZE} + 'x')",
    "not UTF-8": f"import sys; sys.stdout.buffer.write(b'\\xff' * {_SIZE})",
}
