"""How a run ended, and what its metrics are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from rlvr_bench.harness.records.files import RecordError, read_json

SCHEMA = 1

Phase = Literal["gather", "rollout", "reward", "score", "update_actor", "update_critic", "evaluate", "checkpoint"]
PHASES: tuple[str, ...] = get_args(Phase)
Status = Literal["running", "completed", "diverged", "oom", "killed", "timeout", "failed"]
# Phases that do not count as cost of a step: the experimenter chooses how often to evaluate and to save.
LEFT_OUT: tuple[Phase, ...] = ("evaluate", "checkpoint")
# NVML; the resident set, sampled; the resident set, its true peak in each phase.
DeviceSource = Literal["nvml", "rss", "rss_peak"]
MetricsRow = dict[str, float | int | None]  # one line of metrics.jsonl, without its step


@dataclass(frozen=True)
class RoleStates:
    """Exact bytes of one model's states, by walking its tensors."""

    parameters: int  # that it computes with, also those that are counted under another role
    trained: bool
    weights: int
    gradients: int
    optimizer: int
    buffers: int
    trained_parameters: int | None = None  # where only some of a trained model's are (adapters)
    shared_weights: int = 0  # bytes of weights that it computes with, and that are the actor's and counted there

    @property
    def learning(self) -> int:
        """Parameters that are trained."""
        return (self.trained_parameters or self.parameters) if self.trained else 0

    @property
    def total(self) -> int:
        return self.weights + self.gradients + self.optimizer + self.buffers


@dataclass(frozen=True)
class MemorySources:
    """Which layers of memory measurement this run had; a missing one says why."""

    device: DeviceSource | None
    device_reason: str
    device_baseline_bytes: int | None  # before any model was built
    allocator: Literal["cuda"] | None
    allocator_reason: str
    energy: Literal["nvml"] | None
    energy_reason: str
    workers: Literal["rss"] | None = None  # processes that the run started, counted apart
    workers_reason: str = "not recorded"


@dataclass(frozen=True)
class Summary:
    """How a run ended, and facts about it."""

    status: Status
    reason: str
    part: str
    cell: str
    seed: int
    config_hash: str
    started_at: str  # UTC, ISO 8601
    wall_seconds: float
    steps_done: int
    roles: Mapping[str, RoleStates] = field(default_factory=dict)
    memory: MemorySources | None = None
    reward_model: Mapping[str, Any] = field(default_factory=dict)  # pairs, held_out_accuracy, ...
    warm_start: Mapping[str, Any] = field(default_factory=dict)  # steps, sampled pass@1
    critic: Mapping[str, Any] = field(default_factory=dict)  # of its pretraining: completions, explained_variance
    algorithm: Mapping[str, Any] = field(default_factory=dict)  # roles, needs, actor_scored
    verifier: Mapping[str, Any] = field(default_factory=dict)  # sandbox: tier, where code was run; retries
    identity: Mapping[str, str] = field(default_factory=dict)  # digests of all that the run depends on
    dropped: Mapping[str, int] = field(default_factory=dict)  # by split: prompts left out because they are too long
    resumed: int = 0  # how often; wall_seconds are those of all parts together
    repaired: tuple[str, ...] = ()  # files of records whose torn end was cut off
    planned: Mapping[str, int] = field(default_factory=dict)  # bytes of tensors that the planner says, by phase
    planned_sent: float = 0.0  # bytes that the planner says one process sends in a step
    schema: int = SCHEMA

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Summary:
        data = dict(data)
        data["roles"] = {role: RoleStates(**states) for role, states in data["roles"].items()}
        data["repaired"] = tuple(data.get("repaired", ()))
        data["memory"] = MemorySources(**data["memory"]) if data["memory"] else None
        return cls(**data)


def find_summary(folder: Path) -> Summary | None:
    """What a run's folder says of how it ended; None where there is no summary, or none that can be read."""
    try:
        return Summary.from_json(read_json(folder / "summary.json"))
    except RecordError:
        return None
