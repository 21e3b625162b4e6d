"""Gold answers are checked, and errors name every bad row."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from rlvr_bench.harness.tasks.types import TaskError
from rlvr_bench.rewards.types import Verifier

Place = TypeVar("Place", bound=Hashable)
Row = TypeVar("Row")

SHOWN = 10  # problems spelled out in an error; the rest are counted


def refuse_rows(source: str, problems: Sequence[str]) -> None:
    """Raises TaskError with the first few problems and the number of all, if there is any."""
    if problems:
        more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise TaskError("\n  ".join([f"{source}: {len(problems)} bad rows", *problems[:SHOWN], *more]))


def gold_problems(verifier: type[Verifier], golds: Mapping[Place, Any], **options: Any) -> dict[Place, str]:
    """What is wrong with gold answers, by their place.

    Args:
        golds: gold answers by their place in the data.
        options: of the verifier's constructor.
    """
    places = list(golds)
    found = verifier.check_targets(list(golds.values()), **options)
    return {places[position]: reason for position, reason in found.items()}


def hold_out(rows: Iterable[Row], is_held_out: Callable[[Row], bool]) -> tuple[list[Row], list[Row]]:
    """The rows that are left, and those that are held out, each in the given order."""
    left: list[Row] = []
    held_out: list[Row] = []
    for row in rows:
        (held_out if is_held_out(row) else left).append(row)
    return left, held_out
