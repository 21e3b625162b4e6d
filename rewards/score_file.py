"""Verdicts on the rows of a file: rows go in, the same rows with verdicts come out, in constant memory.

A row is a JSON object `{kind: math | code | format, completion, target, limit_s?}`; other keys are copied.  It
returns with `reward` (null for `infra`), `outcome` and `detail`.  Code that ran without a sandbox also has
`sandbox: unsafe`, and code that could reach its own checks `integrity: weak`.  These five say what was found here:
where a row that comes in has them, they are not copied.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rlvr_bench.rewards.code.targets import check_target, integrity
from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.format import Format
from rlvr_bench.rewards.math.verifier import MathVerifier
from rlvr_bench.rewards.types import Verdict, Verifier

BATCH_ROWS = 256
BATCH_CHARS = 16 << 20
DANGER = "marked as dangerous: not run without a sandbox"
FOUND_HERE = ("reward", "outcome", "detail", "sandbox", "integrity")
LIMIT_SHARE = 0.8  # the part of `limit_s` for the code itself; the rest is for starting and comparing


@dataclass(frozen=True)
class Unreadable:
    """A line that could not be taken in."""

    reason: str


Line = str | bytes | Unreadable
VerifierFactory = Callable[[], Verifier]
DEFAULT_VERIFIERS: Mapping[str, VerifierFactory] = {"math": MathVerifier, "code": CodeVerifier, "format": Format}


@dataclass(frozen=True)
class ScoredRow:
    """One line of the file."""

    number: int
    """from 1, blank lines counted"""
    row: dict[str, Any] | None
    """with its verdict; None if the line is no row"""
    error: str | None = None
    """what is wrong with the line"""


def score_lines(
    lines: Iterable[Line],
    verifiers: Mapping[str, VerifierFactory] = DEFAULT_VERIFIERS,
    *,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[ScoredRow]:
    """Verdicts on the lines of a file, in its order.

    A verifier is made for the first row of its kind, so a file without code needs no sandbox.  It is closed at the
    end, also when the caller stops early.

    Raises:
        SandboxUnavailable: there is code and no tier of the sandbox works.
    """
    made: dict[str, Verifier] = {}
    try:
        for batch in _batches(lines, batch_rows):
            parsed = [_parsed(number, line, verifiers) for number, line in batch]
            for kind in dict.fromkeys(item.row["kind"] for item in parsed if item.row is not None):
                verifier = made.get(kind) or made.setdefault(kind, verifiers[kind]())
                positions = [i for i, item in enumerate(parsed) if item.row is not None and item.row["kind"] == kind]
                for position, scored in zip(positions, _scored(verifier, [parsed[i] for i in positions]), strict=True):
                    parsed[position] = scored
            yield from parsed
    finally:
        for verifier in made.values():
            verifier.close()


def _batches(lines: Iterable[Line], most: int) -> Iterator[list[tuple[int, Line]]]:
    """Numbered lines that are not blank, in batches bounded in rows and in size."""
    batch: list[tuple[int, Line]] = []
    size = 0
    for number, line in enumerate(lines, 1):
        if isinstance(line, Unreadable) or line.strip():
            batch.append((number, line))
            size += 0 if isinstance(line, Unreadable) else len(line)
        if len(batch) == most or size > BATCH_CHARS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _parsed(number: int, line: Line, verifiers: Mapping[str, VerifierFactory]) -> ScoredRow:
    """The row on a line, without a verdict yet."""
    if isinstance(line, Unreadable):
        return ScoredRow(number, None, line.reason)
    try:
        text = line if isinstance(line, str) else line.decode("utf-8").removeprefix("\ufeff" if number == 1 else "")
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        return ScoredRow(number, None, f"not JSON: {error}")
    if not isinstance(row, dict):
        return ScoredRow(number, None, "not an object")
    if not isinstance(row.get("kind"), str) or row["kind"] not in verifiers:
        return ScoredRow(number, None, f"kind is one of {', '.join(verifiers)}, got {row.get('kind')!r:.80}")
    if not isinstance(row.get("completion"), str):
        return ScoredRow(number, None, "completion is a text")
    if "target" not in row:
        return ScoredRow(number, None, "there is no target")
    limit = row.get("limit_s")
    if limit is not None and (not isinstance(limit, (int, float)) or isinstance(limit, bool) or not 0 < limit <= 3600):
        return ScoredRow(number, None, f"limit_s is a number of seconds above 0, at most 3600, got {limit!r:.80}")
    if row["kind"] == "code":
        try:
            check_target(row["target"])
        except (ValueError, RecursionError) as error:
            return ScoredRow(number, None, str(error))
    return ScoredRow(number, row)


def _scored(verifier: Verifier, items: list[ScoredRow]) -> list[ScoredRow]:
    """Rows of one kind with their verdicts; together if possible, one by one if one of the targets is bad."""
    if isinstance(verifier, CodeVerifier) and verifier.tier == "unsafe":
        refused = [ScoredRow(item.number, None, DANGER) for item in items if (item.row or {}).get("danger")]
        if refused:
            numbers = {item.number for item in refused}
            safe = [item for item in items if item.number not in numbers]
            return sorted(refused + (_scored(verifier, safe) if safe else []), key=lambda item: item.number)
    try:
        return [_with_verdict(item, verdict, verifier) for item, verdict in _zipped(verifier, items)]
    except Exception as error:  # a verifier of another package may raise anything
        if len(items) == 1:
            return [ScoredRow(items[0].number, None, str(error) or type(error).__name__)]
        return [scored for item in items for scored in _scored(verifier, [item])]


def _zipped(verifier: Verifier, items: list[ScoredRow]) -> list[tuple[ScoredRow, Verdict]]:
    rows = [item.row or {} for item in items]
    completions, targets = [row["completion"] for row in rows], [row["target"] for row in rows]
    if isinstance(verifier, CodeVerifier):
        limits = [None if row.get("limit_s") is None else LIMIT_SHARE * row["limit_s"] for row in rows]
        return list(zip(items, verifier.verify(completions, targets, limits), strict=True))
    return list(zip(items, verifier.verify(completions, targets), strict=True))


def _with_verdict(item: ScoredRow, verdict: Verdict, verifier: Verifier) -> ScoredRow:
    row = {key: value for key, value in (item.row or {}).items() if key not in FOUND_HERE}
    row |= {"reward": verdict.reward, "outcome": verdict.outcome, "detail": verdict.detail}
    if isinstance(verifier, CodeVerifier):
        if verifier.tier == "unsafe":
            row["sandbox"] = "unsafe"
        if integrity(row["target"]) == "weak":
            row["integrity"] = "weak"
    return ScoredRow(item.number, row)
