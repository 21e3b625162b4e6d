"""A data set's assert statements become call cases, so that expected values stay out of the sandbox."""

from __future__ import annotations

import ast
from typing import Any


def call_target(tests: str, entry: str) -> dict[str, Any] | None:
    """A call target that checks what the asserts check; None if one of them is not `entry(...) == literal`.

    `==` is Python's own, so 240.0 passes for 240; `is` also compares the type.

    Args:
        tests: assert statements, or a function `check(candidate)` that holds them (HumanEval's form).
        entry: the function under test, also known as `candidate`.
    """
    try:
        body = ast.parse(tests).body
    except (SyntaxError, ValueError):
        return None
    checks = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == "check"]
    body = checks[0].body if len(checks) == 1 else body
    cases = []
    for statement in body:
        if isinstance(statement, ast.Assert):
            case = _case(statement.test, entry)
            if case is None:
                return None
            cases += case
        elif not _harmless(statement):
            return None
    return {"type": "call", "entry": entry, "equality": "python", "cases": cases} if cases else None


def _case(test: ast.expr, entry: str) -> list[dict[str, Any]] | None:
    """The case of one assert, none for `assert True`."""
    if isinstance(test, ast.Constant):
        return [] if test.value else None
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], (ast.Eq, ast.Is))):
        return None
    call, want = test.left, test.comparators[0]
    if not isinstance(call, ast.Call):
        call, want = want, call
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in (entry, "candidate")):
        return None
    try:
        args = [ast.literal_eval(argument) for argument in call.args]
        kwargs = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg}
        if len(kwargs) != len(call.keywords):
            return None
        case = {"args": args, "kwargs": kwargs, "want": ast.literal_eval(want)}
        return [case | {"equality": "exact"} if isinstance(test.ops[0], ast.Is) else case]
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _harmless(statement: ast.stmt) -> bool:
    """A statement that checks nothing, such as a docstring or metadata."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, (ast.Pass, ast.Assign))
