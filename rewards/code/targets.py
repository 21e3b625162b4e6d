"""What a code target is, and the check that refuses a malformed one when data are loaded.

Three types:
    {"type": "call", "entry": "f", "cases": [{"args": [...], "want": ...}]}: every value is equal, types included.
        A case may have "kwargs", by name.  Values are Python's builtin ones, not only those of JSON.  With
        "equality": "python", of the target or of one case, values are compared as Python's `==` does (240.0 is 240,
        a Counter is a dict), which is what the asserts of a data set mean.  The default is "exact".
    {"type": "stdio", "cases": [{"stdin": "...", "stdout": "..."}]}: one process per case, exit status 0, the whole
        output, where trailing blanks and blank lines are ignored.
    {"type": "script", "script": "..."}: passes when the script, run after the solution, ends without an error.  The
        solution can reach the checks: `integrity(target)` is "weak".
"""

from __future__ import annotations

import functools
import warnings
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
        if problem := _syntax_problem(target["script"]):
            raise ValueError(f"the `script` of a script target is not Python ({problem:.200}); correct it")
        return
    cases = target.get("cases")
    if not isinstance(cases, list) or not cases or not all(isinstance(case, dict) for case in cases):
        raise ValueError("a code target has `cases`, a list of at least one object")
    if target["type"] == "stdio":
        if not all(isinstance(case.get(key), str) for case in cases for key in ("stdin", "stdout")):
            raise ValueError("a stdio case has the texts `stdin` and `stdout`")
        return
    if not isinstance(target.get("entry"), str) or not target["entry"].isidentifier():
        raise ValueError(f"a call target has `entry`, the name of a function, got {target.get('entry')!r:.200}")
    if any(part.get("equality", "exact") not in _EQUALITIES for part in (target, *cases)):
        raise ValueError(f"the `equality` of a call target is one of {', '.join(_EQUALITIES)}")
    for case in cases:
        if not isinstance(case.get("args"), (list, tuple)) or "want" not in case:
            raise ValueError("a call case has `args`, a list, and `want`")
        kwargs = case.get("kwargs", {})
        if not isinstance(kwargs, dict) or not all(isinstance(name, str) for name in kwargs):
            raise ValueError(f"the `kwargs` of a call case is an object, values by name, got {kwargs!r:.200}")
        if not _equals_itself([list(case["args"]), kwargs, case["want"]]):
            raise ValueError(f"a call case has builtin values, NaN not among them, got {case!r:.200}")


def _equals_itself(value: Any) -> bool:
    try:
        form = values.encode(value)
        return values.canonical(form) == values.canonical(form)
    except RecursionError:
        raise ValueError("a call case is nested too deeply, or contains itself") from None


@functools.lru_cache(maxsize=1024)  # a target is checked again at every step of a training
def _syntax_problem(script: str) -> str | None:
    """Why a script cannot be compiled; None if it can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a string is no error
            compile(script, "<checks>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"{type(error).__name__}: {error}"
    return None
