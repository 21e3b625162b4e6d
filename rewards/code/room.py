"""The most bytes that a right answer can take, so that a forged one of megabytes is not even read."""

from __future__ import annotations

import json
from typing import Any

from rlvr_bench.rewards.sandbox import values

# For what every reply has, an error's text, and a single value of the longest spelling.
_CALL_BYTES = 4096
# Equal values may be spelled differently.  The shortest against the longest that equals it, each with ", ": `[]` and
# `{"frozenset": []}`; with Python's equality also `1` and `{"complex": [1.0, 0.0]}`, or `1e+300` and 250 hexadecimal
# digits.
_SPELLINGS = {"exact": 5, "python": 40}
# Trailing blanks and blank lines are ignored, so a right output may be longer than the wanted one.
_OUTPUT_BYTES, _OUTPUT_FACTOR = 1 << 16, 4


def call_room(target: dict[str, Any]) -> int:
    """Bytes of the longest note with which a solution can report what a call target wants."""
    room = _CALL_BYTES
    for case in target["cases"]:
        equality = case.get("equality", target.get("equality", "exact"))
        room += _SPELLINGS[equality] * (len(json.dumps(values.encode(case["want"]))) + len(", "))
    return room


def output_room(wanted: str) -> int:
    """Bytes of the longest output that is compared with the wanted one."""
    return _OUTPUT_BYTES + _OUTPUT_FACTOR * len(wanted.encode("utf-8", "surrogatepass"))
