"""Self-checks in completions: what a task counts of them, and the metrics that follow.  Formulas: METRICS.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol, runtime_checkable

from rlvr_bench.harness.tasks.types import Task


@dataclass(frozen=True)
class Checks:
    """Checks of one completion, as counts."""

    total: int = 0
    corrected: int = 0  # what was checked is wrong, what stands after it right
    harmed: int = 0  # right before, wrong after
    unchanged: int = 0  # the same before and after


@runtime_checkable
class SelfChecks(Protocol):
    """A task that can tell where a completion checks itself."""

    def checks(self, completion: str) -> Checks:
        """Counts of one completion."""
        ...


def check_metrics(
    task: Task, completions: Sequence[str], right: Sequence[bool | None], *, prefix: str
) -> dict[str, float | None]:
    """Metrics of the self-checks; none where the task does not count any.

    Args:
        task: perhaps without its long prompts, with the whole task as `whole`.
        right: whether each completion is; None where the verdict is missing.
        prefix: `rollout` or `eval`.
    """
    whole = getattr(task, "whole", task)
    if not isinstance(whole, SelfChecks):
        return {}
    counts = [whole.checks(completion) for completion in completions]
    total = sum(c.total for c in counts)
    judged = [(c.total > 0, r) for c, r in zip(counts, right, strict=True) if r is not None]
    found = {
        "check_fraction": _mean([c.total > 0 for c in counts]),
        "checks_mean": _mean([c.total for c in counts]),
        "checks_corrected": sum(c.corrected for c in counts) / total if total else None,
        "checks_harmed": sum(c.harmed for c in counts) / total if total else None,
        "checks_unchanged": sum(c.unchanged for c in counts) / total if total else None,
        "right_checked": _mean([r for has, r in judged if has]),
        "right_unchecked": _mean([r for has, r in judged if not has]),
    }
    return {f"{prefix}/{name}": value for name, value in found.items()}


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
