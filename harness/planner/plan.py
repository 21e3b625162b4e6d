"""A plan: bytes of a run by role, phase and kind, the peak, and what makes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rlvr_bench.algorithms.types import Role
from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build, config_hash
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
    algorithm = _algorithm(config)
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


@dataclass(frozen=True)
class Case:
    """What a plan is asked about: a run's settings, its model, its prompts and the devices.

    Attributes:
        shape: the transformers config of the model.
        prompt_tokens: of the longest prompt; the others have one token less, so that there is padding, as in a run.
    """

    config: RunConfig
    shape: Any
    prompt_tokens: int
    how: Sharding = Sharding()
    cuda: bool = True

    @property
    def row_tokens(self) -> int:
        """Of one completion with its prompt."""
        return self.prompt_tokens + self.config.rollout.max_tokens

    @property
    def rows(self) -> int:
        """Completions of one optimizer step on one device."""
        c = self.config
        mine = -(-c.rollout.prompts // self.how.devices)
        return -(-mine // c.train.minibatches) * c.rollout.group_size

    def plan(self) -> Plan:
        """Its plan, made once."""
        key = self._key()
        if key not in _PLANS:
            rest = max(1, self.prompt_tokens - 1)
            prompts = [self.prompt_tokens] + [rest] * (self.config.rollout.prompts - 1)
            _PLANS[key] = plan_of(self.config, self.shape, prompts=prompts, cuda=self.cuda, how=self.how)
        return _PLANS[key]

    def floor(self) -> int:
        """Bytes below which its peak cannot be: weights, optimizer and masters on one device."""
        states = states_of_run(self.config, self.shape)
        away = self.cuda and self.config.model.offload_frozen
        held = [s.on_device(self.how) for role, s in states.items() if role in TRAINED or not away]
        return sum(s.weights + s.optimizer + s.masters for s in held)

    def _key(self) -> str:
        return f"{config_hash(self.config)} {self.prompt_tokens} {self.how} {self.cuda}"


_PLANS: dict[str, Plan] = {}
_STATES: dict[str, dict[Role, States]] = {}


def states_of_run(config: RunConfig, shape: Any) -> dict[Role, States]:
    """Of every role, whole, on a CPU's allocator; of equal models worked out once."""
    model, reward = config.model, config.has_reward_model
    key = f"{model.name} {model.dtype} {config.algorithm} {reward}"
    if key not in _STATES:
        _STATES[key] = Passes(config, _algorithm(config), shape, prompts=[1], cuda=False, how=Sharding()).states()
    return _STATES[key]


def _algorithm(config: RunConfig) -> Any:
    return build(plugins.ALGORITHMS, config.algorithm)


def _with_states(peak: PhasePeak, states: dict[Role, States], *, away: bool) -> dict[Kind, int]:
    """With what is resident; `away`: frozen models are on the device only while they are used."""
    kinds: Counter[Kind] = Counter()
    for role, own in states.items():
        if not away or role in TRAINED or role == peak.role:
            kinds.update({kind: own.kinds[kind] for kind in RESIDENT})
    kinds.update(peak.kinds)
    return {kind: size for kind, size in kinds.items() if size}
