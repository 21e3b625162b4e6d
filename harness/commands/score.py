"""`rlvr-bench score`: verdicts on a file of completions, streamed, with a bar and a summary on standard error."""

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

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.tasks.verifier_plugins import load_verifier
from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.math.verifier import MathVerifier
from rlvr_bench.rewards.sandbox.tiers import DEFAULT_TIERS, Tier
from rlvr_bench.rewards.score_file import ScoredRow, VerifierFactory, score_lines

MAX_ROW_BYTES = 16 << 20


class ScoreError(UserError):
    """A file that cannot be read or written."""


@dataclass
class Tally:
    """What has been scored so far."""

    rows: int = 0
    bad: int = 0
    """lines that are no rows"""
    missing: int = 0
    """rows without a verdict, because the machinery failed"""
    reward: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """sum by kind"""
    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """by kind"""

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
        """A line a kind and one for all."""
        lines = []
        for kind, outcomes in self.outcomes.items():
            count = outcomes.total()
            shares = ", ".join(f"{name} {n}" for name, n in outcomes.most_common())
            judged = count - outcomes["infra"]
            mean = f"{self.reward[kind] / judged:.3f}" if judged else "none"
            lines.append(f"{kind}: {count} rows, mean reward {mean} ({shares})")
        rate = self.rows / seconds if seconds > 0 else 0.0
        lines.append(f"{self.rows} verdicts in {seconds:.1f} s: {rate:,.0f} verdicts/s")
        if self.bad:
            lines.append(f"{self.bad} bad rows, named above, were left out")
        if self.missing:
            lines.append(
                f"{self.missing} rows have no verdict: the machinery failed, not the completion (outcome infra)"
            )
        return "\n".join(lines)


def verifiers(
    *, tier: Tier | None = None, unsafe: bool = False, workers: int | None = None
) -> dict[str, VerifierFactory]:
    """Every installed verifier by its name, made when the first row of its kind comes."""
    known: dict[str, VerifierFactory] = {
        name: lambda name=name: load_verifier(name)() for name in plugins.available(plugins.VERIFIERS)
    }
    tiers = DEFAULT_TIERS if tier is None else (tier,)
    known["code"] = partial(CodeVerifier, tiers=tiers, unsafe=unsafe, workers=workers)
    # Here everybody waits for everybody: no row may lose its verdict because its neighbours were slow.
    known["math"] = partial(MathVerifier, workers=workers, batch_deadline_s=float("inf"))
    return known


def score(source: Path, out: Path | None, known: dict[str, VerifierFactory]) -> Tally:
    """Score a file's rows into another, or to standard output; the summary goes to standard error.

    Args:
        source: JSON lines; `-` for standard input.
        out: appears whole at the end; until then what is done stands in `OUT.partial`.
    Raises:
        ScoreError: a file cannot be read or written.
        SandboxUnavailable: there is code, and no tier of the sandbox works here.
    """
    tally, begin = Tally(), time.monotonic()
    with ExitStack() as stack:
        lines = stack.enter_context(_opened(source))
        sink = stack.enter_context(_sink(out))
        advance = stack.enter_context(_bar(source))
        for scored in score_lines(_lines(lines, advance), known):
            _write(scored, sink, tally)
    if out is not None:
        Path(f"{out}.partial").replace(out)
    print(tally.text(time.monotonic() - begin), file=sys.stderr)
    return tally


def _write(scored: ScoredRow, sink: TextIO, tally: Tally) -> None:
    if scored.row is None:
        tally.bad += 1
        print(f"row {scored.number}: {scored.error}", file=sys.stderr)
        return
    tally.add(scored.row)
    sink.write(json.dumps(scored.row) + "\n")


def _lines(file: BinaryIO, advance: Callable[[int], None]) -> Iterator[bytes]:
    """The lines of a file; one that is too long for the memory is cut, and so no row."""
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
    """A bar over the file's bytes, where there is a terminal to draw it on."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    total = os.path.getsize(source) if source.is_file() else None
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("score", total=total)
        yield lambda size: progress.advance(task, size)
