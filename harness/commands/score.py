"""`rlvr-bench score`: verdicts on a file of completions, as a stream; a bar and a summary on standard error."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from rich.console import Console

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.progress import bars
from rlvr_bench.harness.tasks.verifier_plugins import load_verifier
from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.math.verifier import MathVerifier
from rlvr_bench.rewards.sandbox.tiers import DEFAULT_TIERS, Tier
from rlvr_bench.rewards.score_file import ScoredRow, VerifierFactory, score_lines

MAX_ROW_BYTES = 16 << 20


class ScoreError(UserError):
    """A file that cannot be read or written."""


@dataclass
class ScoreCounts:
    """Counts of what has been scored so far."""

    rows: int = 0
    bad: int = 0
    """Lines that are no rows."""
    missing: int = 0
    """Rows without a verdict, because the verifier failed."""
    reward: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Sum by kind."""
    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By kind."""

    def add(self, row: dict[str, Any]) -> None:
        """Count a row that has its verdict."""
        kind, reward = row["kind"], row["reward"]
        self.rows += 1
        self.outcomes[kind][row["outcome"]] += 1
        if reward is None:
            self.missing += 1
        else:
            self.reward[kind] += reward

    def text(self, seconds: float) -> str:
        """A line for each kind, and one for all rows."""
        lines = []
        for kind, outcomes in self.outcomes.items():
            count = outcomes.total()
            shares = ", ".join(f"{name} {n}" for name, n in outcomes.most_common())
            with_verdict = count - outcomes["infra"]
            mean = f"{self.reward[kind] / with_verdict:.3f}" if with_verdict else "none"
            lines.append(f"{kind}: {count} rows, mean reward {mean} ({shares})")
        rate = self.rows / seconds if seconds > 0 else 0.0
        lines.append(f"{self.rows} verdicts in {seconds:.1f} s: {rate:,.0f} verdicts/s")
        if self.bad:
            lines.append(f"{self.bad} bad rows, named above, were left out")
        if self.missing:
            lines.append(f"{self.missing} rows have no verdict, because the verifier failed (outcome infra)")
        return "\n".join(lines)


def score_file(
    source: Path,
    out: Path | None,
    *,
    tier: Tier | None = None,
    workers: int | None = None,
    unsafe: bool = False,
) -> bool:
    """Score with the installed verifiers; returns whether every row has its verdict.

    Raises:
        ScoreError: see `score`; or the options contradict each other.
        SandboxUnavailable: see `score`.
    """
    if unsafe and tier:
        raise ScoreError("--tier names an isolation and --unsafe-no-sandbox is none; give one of them")
    counts = score(source, out, verifiers(tier=tier, unsafe=unsafe, workers=workers))
    return not (counts.bad or counts.missing)


def verifiers(
    *, tier: Tier | None = None, unsafe: bool = False, workers: int | None = None
) -> dict[str, VerifierFactory]:
    """Every installed verifier by its name, made when the first row of its kind comes."""
    known: dict[str, VerifierFactory] = {
        name: lambda name=name: load_verifier(name)() for name in plugins.available(plugins.VERIFIERS)
    }
    tiers = DEFAULT_TIERS if tier is None else (tier,)
    known["code"] = partial(CodeVerifier, tiers=tiers, unsafe=unsafe, workers=workers)
    # No deadline for a batch: no row may lose its verdict because others in its batch were slow.
    known["math"] = partial(MathVerifier, workers=workers, batch_deadline_s=float("inf"))
    return known


def score(source: Path, out: Path | None, known: dict[str, VerifierFactory]) -> ScoreCounts:
    """Score a file's rows into another, or to standard output; the summary goes to standard error.

    Args:
        source: JSON lines; `-` for standard input.
        out: appears whole at the end; until then, what is done is in `OUT.partial`.
    Raises:
        ScoreError: a file cannot be read or written.
        SandboxUnavailable: a row has code, and no tier of the sandbox works here.
    """
    counts, begin = ScoreCounts(), time.monotonic()
    with ExitStack() as stack:
        lines = stack.enter_context(_opened(source))
        sink = stack.enter_context(_sink(out))
        advance = stack.enter_context(_bar(source))
        for scored in score_lines(_lines(lines, advance), known):
            _write(scored, sink, counts)
    if out is not None:
        Path(f"{out}.partial").replace(out)
    print(counts.text(time.monotonic() - begin), file=sys.stderr)
    return counts


def _write(scored: ScoredRow, sink: TextIO, counts: ScoreCounts) -> None:
    if scored.row is None:
        counts.bad += 1
        print(f"row {scored.number}: {scored.error}", file=sys.stderr)
        return
    counts.add(scored.row)
    sink.write(json.dumps(scored.row) + "\n")


def _lines(file: BinaryIO, advance: Callable[[int], None]) -> Iterator[bytes]:
    """The lines of a file; one that is longer than MAX_ROW_BYTES is cut, which makes it a bad row."""
    while line := file.readline(MAX_ROW_BYTES):
        advance(len(line))
        yield line
        while len(line) == MAX_ROW_BYTES and not line.endswith(b"\n"):
            line = file.readline(MAX_ROW_BYTES)
            advance(len(line))


@contextmanager
def _opened(source: Path) -> Iterator[BinaryIO]:
    if str(source) == "-":
        yield sys.stdin.buffer
        return
    try:
        file = source.open("rb")
    except OSError as error:
        raise ScoreError(f"{source}: {error.strerror}; give a file of JSON lines, or - for standard input") from None
    with file:
        yield file


@contextmanager
def _sink(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    if out.is_dir():
        raise ScoreError(f"{out}: is a folder; give a file as --out")
    try:
        file = open(f"{out}.partial", "w", encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        raise ScoreError(f"{out}: {error.strerror}; choose another --out") from None
    with file:
        yield file


@contextmanager
def _bar(source: Path) -> Iterator[Callable[[int], None]]:
    """A bar over the file's bytes."""
    total = os.path.getsize(source) if source.is_file() else None
    with bars(Console(stderr=True), in_bytes=True) as progress:
        task = progress.add_task("score", total=total)
        yield lambda size: progress.advance(task, size)
