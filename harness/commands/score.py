"""`rlvr-bench score`: verdicts on a file of completions, as a stream; a bar and a summary on standard error."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from rich.console import Console

from rlvr_bench.harness.commands.score_files import (
    ScoreError,
    Sink,
    hold_standard_descriptors,
    lines,
    opened,
    say,
    sink,
)
from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.progress import bars
from rlvr_bench.harness.tasks.verifier_plugins import load_verifier
from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.math.verifier import MathVerifier
from rlvr_bench.rewards.sandbox.tiers import DEFAULT_TIERS, Tier
from rlvr_bench.rewards.score_file import ScoredRow, VerifierFactory, score_lines


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
        source: JSON lines, perhaps in gzip; `-` for standard input.
        out: see `score_files.sink`.
    Raises:
        ScoreError: a file cannot be read or written.
        SandboxUnavailable: a row has code, and no tier of the sandbox works here.
    """
    counts, begin = ScoreCounts(), time.monotonic()
    hold_standard_descriptors()
    with ExitStack() as stack:
        file = stack.enter_context(opened(source))
        rows = stack.enter_context(sink(out))
        advance = stack.enter_context(_bar(source, file))
        for scored in score_lines(lines(file, source, advance), known):
            _write(scored, rows, counts)
    say(counts.text(time.monotonic() - begin))
    return counts


def _write(scored: ScoredRow, rows: Sink, counts: ScoreCounts) -> None:
    if scored.row is None:
        counts.bad += 1
        say(f"row {scored.number}: {scored.error}")
        return
    rows.write(json.dumps(scored.row))
    counts.add(scored.row)


@contextmanager
def _bar(source: Path, file: BinaryIO) -> Iterator[Callable[[int], None]]:
    """A bar over the bytes of the rows; nobody knows how many a gzip file has."""
    total = os.path.getsize(source) if source.is_file() and not isinstance(file, gzip.GzipFile) else None
    with bars(Console(stderr=True), in_bytes=True) as progress:
        task = progress.add_task("score", total=total)
        yield lambda size: progress.advance(task, size)
