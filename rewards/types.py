"""The verdict on a completion, and the base class of everything that gives verdicts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from rlvr_bench.rewards.answer_region import tagged_answer

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


@dataclass(frozen=True)
class Verdict:
    """What one completion earned, and why.

    `reward` is a finite number (0.0 or 1.0 unless a task says otherwise), or None exactly when the outcome is
    `infra`: the verifier failed, not the model, so the sample is left out instead of scored.
    """

    reward: float | None
    outcome: Outcome
    detail: str = ""

    def __post_init__(self) -> None:
        if (self.reward is None) != (self.outcome == "infra"):
            raise ValueError(f"reward is None exactly for the outcome infra, got {self.reward!r} with {self.outcome}")
        if self.reward is not None and not float("-inf") < self.reward < float("inf"):
            raise ValueError(f"reward must be finite, got {self.reward!r}")
        # A detail may quote a completion, so it may be of any length and invalid Unicode.
        clean = self.detail[:MAX_DETAIL_CHARS].encode("utf-8", "backslashreplace").decode()
        object.__setattr__(self, "detail", clean)


PASS = Verdict(1.0, "pass")


def wrong(detail: str = "", outcome: Outcome = "wrong") -> Verdict:
    """A completion that earns nothing."""
    return Verdict(0.0, outcome, detail)


class Verifier(ABC):
    """Gives verdicts on completions, a batch at a time, possibly from other processes.

    A subclass needs `verify`; everything else has a default.  Use it in a `with` statement, or call `close`.
    """

    form: str = "<answer>ANSWER</answer>"
    """How a completion gives its answer, for a person whose model does not; by default, tagged."""

    @abstractmethod
    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        """One verdict per completion, in their order; the order and the rest of the batch change no verdict.

        Args:
            targets: `targets[i]` is the gold answer to `completions[i]`.
        Raises:
            ValueError: a target that cannot be a gold answer.  No completion raises.
        """

    @staticmethod
    def answer(completion: str) -> str | None:
        """The final answer, which majority votes count; None if there is none.  By default, the tagged one."""
        return tagged_answer(completion)

    @classmethod
    def check_targets(cls, targets: Sequence[Any], **options: Any) -> dict[int, str]:
        """What is wrong with gold answers, by their position; called when data are loaded, before any run.

        The default verifies an empty completion against each target, which raises only for a bad target.
        Override it where the constructor is expensive, or where targets are read faster together.

        Args:
            options: the constructor's keyword arguments.
        """
        problems = {}
        with cls(**options) as verifier:
            for position, target in enumerate(targets):
                try:
                    verifier.verify([""], [target])
                except Exception as error:  # verifiers of other packages may raise anything
                    problems[position] = str(error) or type(error).__name__
        return problems

    @property
    def retries(self) -> int:
        """Verdicts requested again since the start because a worker died; recorded for every step."""
        return 0

    @property
    def tier(self) -> str | None:
        """The isolation in which untrusted code runs; None where none runs.  Recorded in every row."""
        return None

    def close(self) -> None:  # noqa: B027 - most verifiers hold nothing
        """Release workers, files and sockets.  Idempotent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
