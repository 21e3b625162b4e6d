"""What tasks made of rows share: the check of gold answers, errors that name every row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rlvr_bench.harness.tasks.types import TaskError
from rlvr_bench.rewards.types import Verifier

SHOWN = 10  # problems spelled out in an error; the rest are counted


def refuse_rows(source: str, problems: Sequence[str]) -> None:
    """Raises TaskError with the first few problems and the number of all, if there is any."""
    if problems:
        more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise TaskError("\n  ".join([f"{source}: {len(problems)} bad rows", *problems[:SHOWN], *more]))


def gold_problems(verifier: Verifier | type, golds: Sequence[tuple[int, Any]]) -> dict[int, str]:
    """Why gold answers cannot be judged, by row number.

    Args:
        verifier: one with `check_gold` reads a batch of golds; a class with the static method `check` reads one gold
            without being opened; any other judges an empty completion, which raises for nothing but a bad gold.
        golds: row number and gold answer.
    """
    check_gold = getattr(verifier, "check_gold", None)
    if check_gold is not None:
        try:
            check_gold([gold for _, gold in golds])
            return {}
        except ValueError:  # names the first bad row only
            return _each(lambda gold: check_gold([gold]), golds)
    check = getattr(verifier, "check", None)
    if check is not None:
        return _each(check, golds)
    return _each(lambda gold: verifier.verify([""], [gold]), golds)


def _each(check: Any, golds: Sequence[tuple[int, Any]]) -> dict[int, str]:
    problems = {}
    for row, gold in golds:
        try:
            check(gold)
        except Exception as error:  # verifiers of other packages raise what they like
            problems[row] = str(error).removeprefix("row 1: ")
    return problems
