"""A plan as tables for a terminal, and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rlvr_bench.harness.planner.communication.on_paper import sent_in_step
from rlvr_bench.harness.text_table import text_table
from rlvr_bench.reports.numbers import number, size, whole

if TYPE_CHECKING:
    from rlvr_bench.harness.planner.plan import Case, Plan
    from rlvr_bench.harness.planner.solve import Change

# How sure a plan of several processes is.
SEVERAL = "two processes on a CPU held at most 0.1 % more at their peak, and 6 % less (PLANNER.md)"
ORDER = (
    "weights", "gradients", "optimizer", "masters", "buffers", "optimizer step", "activations", "logits", "embeddings",
    "key-value cache", "communication", "rollout",
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """A plan, and what was found about devices of a certain size and bandwidth, bytes a second."""

    case: Case
    plan: Plan
    limit: int | None
    change: Change | None
    micro_batch: Case | None
    model: str | None
    solved: bool
    bandwidth: int | None = None

    @property
    def sent(self) -> float:
        """Bytes that one device sends in a step."""
        return sent_in_step(self.case)

    @property
    def seconds(self) -> float | None:
        """Of communication in a step, if none of it goes on beside the work."""
        return None if self.bandwidth is None else self.sent / self.bandwidth

    @property
    def fits(self) -> bool | None:
        return None if self.limit is None else self.plan.peak.total <= self.limit

    def to_json(self) -> dict[str, Any]:
        """Every size in bytes."""
        peak = self.plan.peak
        found: dict[str, Any] = {
            "model": self.case.config.model.name,
            "algorithm": self.case.config.algorithm.name,
            "sharding": asdict(self.case.how),
            "states": {role: {"parameters": s.parameters, **s.kinds} for role, s in self.plan.states.items()},
            "phases": [
                {"phase": p.phase, "role": p.role, "total": p.total, "kinds": p.kinds} for p in self.plan.phases
            ],
            "peak": {"phase": peak.phase, "role": peak.role, "total": peak.total},
            "sent": self.sent,
            "bandwidth": self.bandwidth,
            "communication_seconds": self.seconds,
            "limit": self.limit,
            "fits": self.fits,
            "change": list(self.change.settings) if self.change else None,
        }
        if self.solved:
            found["micro_tokens"] = self.micro_batch.config.train.micro_tokens if self.micro_batch else None
            found["largest_model"] = self.model
        return found


def found(case: Case, limit: int | None, *, solve: bool, bandwidth: int | None = None) -> Answer:
    """Work out the plan and, where a limit is given, whether it fits and what would.

    Args:
        bandwidth: bytes that one device sends in a second.
    """
    from rlvr_bench.harness.planner.solve import largest_micro_batch, largest_model, smallest_change

    plan = case.plan()
    change = smallest_change(case, limit) if limit is not None and plan.peak.total > limit else None
    solved = solve and limit is not None
    return Answer(
        case,
        plan,
        limit,
        change,
        largest_micro_batch(case, limit) if solved and limit is not None else None,
        largest_model(case, limit) if solved and limit is not None else None,
        solved,
        bandwidth,
    )


def described(answer: Answer) -> str:
    """States by role, phases by kind, the peak, and whether it fits."""
    plan, config = answer.plan, answer.case.config
    how = answer.case.how
    where = f"{how.devices} devices, ZeRO stage {how.stage}, each" if how.devices > 1 else "one device"
    kinds = ("weights", "gradients", "optimizer", "masters", "buffers")
    states = [
        (role, f"{s.parameters:,}", *(size(s.kinds[k]) for k in kinds), size(s.total))
        for role, s in plan.states.items()
    ]
    shown = [k for k in ORDER if any(k in p.kinds for p in plan.phases)]
    phases = [
        (f"{p.phase} ({p.role})", *(size(p.kinds[k]) if k in p.kinds else "" for k in shown), size(p.total))
        for p in plan.phases
    ]
    lines = [
        text_table(
            ("role", "parameters", *kinds, "all"),
            states,
            title=f"{config.algorithm.name} of {config.model.name}, {config.model.dtype}: states on {where}",
            width=130,
        ),
        "",
        text_table(("phase (role)", *shown, "all"), phases, title="At the peak of each phase", width=190),
        "",
        *_verdict(answer),
    ]
    return "\n".join(lines)


def _verdict(answer: Answer) -> list[str]:
    peak, limit = answer.plan.peak, answer.limit
    largest = max(peak.kinds, key=lambda kind: peak.kinds[kind])
    lines = [f"peak: {size(peak.total)} in {peak.phase}, by the {peak.role}; most of it is {largest}"]
    if limit is not None:
        left = limit - peak.total
        if left >= 0:
            lines.append(f"fits in {size(limit)}, with {size(left)} left for the CUDA context and fragmentation")
        else:
            lines.append(f"does not fit in {size(limit)}: {size(-left)} too much")
            if answer.change is None:
                lines.append("no change that this planner knows makes it fit")
            else:
                total = answer.change.case.plan().peak.total
                lines.append(f"smallest change that fits: {' '.join(answer.change.settings)} ({size(total)})")
    if answer.case.how.devices > 1:
        lines.append(_sent(answer))
    if max(answer.case.how.devices, answer.change.case.how.devices if answer.change else 1) > 1:
        lines.append(f"over several devices: {SEVERAL}")
    if answer.solved:
        lines += _solved(answer)
    return lines


def _sent(answer: Answer) -> str:
    told = f"each device sends {size(answer.sent)} in a step, every operation round a ring"
    if answer.bandwidth is None or answer.seconds is None:
        return told
    at = f"at {answer.bandwidth / 1e9:g} GB a second, if nothing is done meanwhile"
    return f"{told}: {number(answer.seconds)} s {at}"


def _solved(answer: Answer) -> list[str]:
    case = answer.micro_batch
    if case is None:
        micro = "no micro-batch fits, not even one completion"
    else:
        rows = case.config.train.micro_tokens // case.row_tokens
        micro = (
            f"largest micro-batch that fits: --micro-tokens {case.config.train.micro_tokens} "
            f"({whole(rows)} of {whole(case.rows)} completions at once)"
        )
    model = f"largest built-in model that fits: {answer.model}" if answer.model else "no built-in model fits"
    return [micro, model]
