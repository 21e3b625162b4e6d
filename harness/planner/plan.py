"""A plan: bytes of a run by role, phase and kind, the peak, and what makes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rlvr_bench.algorithms.types import Role
from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.models.roles import TRAINED
from rlvr_bench.harness.planner.ledger import Kind
from rlvr_bench.harness.planner.phases import Passes, PhasePeak
from rlvr_bench.harness.planner.states import Sharding, States
from rlvr_bench.harness.records import Phase

RESIDENT = ("weights", "optimizer", "masters", "buffers")
"""Kinds of states that are there in every phase; gradients are there during an update."""


@dataclass(frozen=True)
class PhasePlan:
    """The most that one device holds in a phase.

    Attributes:
        role: whose pass makes it.
        kinds: bytes by kind, states of all roles included.
    """

    phase: Phase
    role: Role
    kinds: dict[Kind, int]

    @property
    def total(self) -> int:
        return sum(self.kinds.values())


@dataclass(frozen=True)
class Plan:
    """What one device of a run holds.

    Attributes:
        states: of each role, on one device.
        phases: one a phase, in the order of a step.
    """

    config: RunConfig
    how: Sharding
    states: dict[Role, States]
    phases: tuple[PhasePlan, ...]

    @property
    def peak(self) -> PhasePlan:
        return max(self.phases, key=lambda phase: phase.total)


def plan_of(config: RunConfig, shape: Any, *, prompts: Sequence[int], cuda: bool, how: Sharding | None = None) -> Plan:
    """The plan of a run.

    Args:
        shape: the transformers config of its model.
        prompts: tokens of each prompt of a step; over several devices they are dealt out.
        cuda: whether it is on a GPU.
    """
    how = how or Sharding()
    algorithm = build(plugins.ALGORITHMS, config.algorithm)
    mine = list(prompts)[: -(-len(prompts) // how.devices)]
    passes = Passes(config, algorithm, shape, prompts=mine, cuda=cuda, how=how)
    states = {role: s.on_device(how) for role, s in passes.states().items()}
    away = cuda and config.model.offload_frozen
    found: dict[Phase, PhasePlan] = {}
    for peak in passes.peaks():
        whole = PhasePlan(peak.phase, peak.role, _with_states(peak, states, away=away))
        if peak.phase not in found or whole.total > found[peak.phase].total:
            found[peak.phase] = whole
    return Plan(config, how, states, tuple(found.values()))


def _with_states(peak: PhasePeak, states: dict[Role, States], *, away: bool) -> dict[Kind, int]:
    """With what is resident; `away`: frozen models are on the device only while they are used."""
    kinds: Counter[Kind] = Counter()
    for role, own in states.items():
        if not away or role in TRAINED or role == peak.role:
            kinds.update({kind: own.kinds[kind] for kind in RESIDENT})
    kinds.update(peak.kinds)
    return {kind: size for kind, size in kinds.items() if size}
