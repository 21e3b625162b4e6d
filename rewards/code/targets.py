"""What a code target is, and the check that refuses a malformed one when data are loaded.

Three types:
    {"type": "call", "entry": "f", "cases": [{"args": [...], "want": ...}]}: every value is equal, types included.
        A case may have "kwargs".  Values are Python's builtin ones, not only those of JSON.  With
        "equality": "python", of the target or of one case, numbers are compared as Python's `==` does (240.0 is
        240), which is what the asserts of a data set mean.  The default is "exact".
    {"type": "stdio", "cases": [{"stdin": "...", "stdout": "..."}]}: one process per case, exit status 0, the whole
        output, where trailing blanks and blank lines are ignored.
    {"type": "script", "script": "..."}: passes when the script, run after the solution, ends without an error.  The
        solution can reach the checks: `integrity(target)` is "weak".
"""

from __future__ import annotations

from typing import Any, Literal

from rlvr_bench.rewards.sandbox import values

TYPES = ("call", "stdio", "script")
_EQUALITIES = ("exact", "python")


def integrity(target: Any) -> Literal["strong", "weak"]:
    """`weak` if the checks run in the same process as the code that they check."""
    return "weak" if target["type"] == "script" else "strong"


def check_target(target: Any) -> None:
    """Refuse a malformed target.

    Raises:
        ValueError: saying what is wrong with it.
    """
    if not isinstance(target, dict) or target.get("type") not in TYPES:
        raise ValueError(f"a code target is an object whose type is one of {', '.join(TYPES)}, got {target!r:.200}")
    if target["type"] == "script":
        if not isinstance(target.get("script"), str):
            raise ValueError("a script target has a text `script`")
        return
    cases = target.get("cases")
    if not isinstance(cases, list) or not cases or not all(isinstance(case, dict) for case in cases):
        raise ValueError("a code target has `cases`, a list of at least one object")
    if target["type"] == "stdio":
        if not all(isinstance(case.get(key), str) for case in cases for key in ("stdin", "stdout")):
            raise ValueError("a stdio case has the texts `stdin` and `stdout`")
        return
    if not isinstance(target.get("entry"), str):
        raise ValueError("a call target has `entry`, the name of a function")
    if any(part.get("equality", "exact") not in _EQUALITIES for part in (target, *cases)):
        raise ValueError(f"the `equality` of a call target is one of {', '.join(_EQUALITIES)}")
    for case in cases:
        if not isinstance(case.get("args"), (list, tuple)) or "want" not in case:
            raise ValueError("a call case has `args`, a list, and `want`")
        form = values.encode([list(case["args"]), case.get("kwargs", {}), case["want"]])
        if values.canonical(form) != values.canonical(form):
            raise ValueError(f"a call case has builtin values, NaN not among them, got {case!r:.200}")
