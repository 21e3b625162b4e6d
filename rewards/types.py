"""The verdict on a completion, and the protocol of whatever gives verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args, runtime_checkable

Outcome = Literal[
    "pass",
    "wrong",
    "no_answer",
    "no_code",
    "compile_error",
    "runtime_error",
    "timeout",
    "memory",
    "output_limit",
    "crash",
    "protocol",
    "infra",
]
MAX_DETAIL_CHARS = 500
OUTCOMES: tuple[str, ...] = get_args(Outcome)


@dataclass(frozen=True)
class Verdict:
    """What one completion earned, and why.

    `reward` is a finite number (0.0 or 1.0 unless a task says otherwise), or None exactly when the
    outcome is `infra`: the machinery failed, not the model, so the sample is left out instead of scored.
    """

    reward: float | None
    outcome: Outcome
    detail: str = ""

    def __post_init__(self) -> None:
        if (self.reward is None) != (self.outcome == "infra"):
            raise ValueError(f"reward is None exactly for the outcome infra, got {self.reward!r} with {self.outcome}")
        if self.reward is not None and not float("-inf") < self.reward < float("inf"):
            raise ValueError(f"reward must be finite, got {self.reward!r}")
        # What a completion made of it may be of any length and no Unicode at all.
        clean = self.detail[:MAX_DETAIL_CHARS].encode("utf-8", "backslashreplace").decode()
        object.__setattr__(self, "detail", clean)


PASS = Verdict(1.0, "pass")


def wrong(detail: str = "", outcome: Outcome = "wrong") -> Verdict:
    """A completion that earns nothing."""
    return Verdict(0.0, outcome, detail)


@runtime_checkable
class Verifier(Protocol):
    """Judges completions, a batch at a time, possibly in other processes.

    `verify` never raises for anything that a completion contains; verdicts stand in the order of the
    completions and do not depend on it.
    """

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        """One verdict a completion; `targets[i]` is the gold answer that belongs to `completions[i]`."""
        ...

    def close(self) -> None:
        """Release workers, files and sockets.  Idempotent."""
        ...
