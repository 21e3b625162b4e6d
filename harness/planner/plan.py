"""A plan: bytes of a run by role, phase and kind, the peak, and what makes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rlvr_bench.algorithms.types import Role
from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build, config_hash
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.deepspeed.parts import Sharding
from rlvr_bench.harness.models.roles import TRAINED
from rlvr_bench.harness.planner.depth import FEW, Unlike, can_be_short, carried_over, shortened
from rlvr_bench.harness.planner.ledger import Kind
from rlvr_bench.harness.planner.phases import SAMPLED, STEP, Pass, Passes
from rlvr_bench.harness.planner.shapes import full_name, shape_of
from rlvr_bench.harness.planner.states import ALONE, NUMBER, States, exchange_of
from rlvr_bench.harness.records import Phase
from rlvr_bench.harness.training.update import UPDATES

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
    how = how or ALONE
    mine = list(prompts)[: -(-len(prompts) // how.devices)]

    def of(shape: Any, critic: Any | None) -> Passes:
        return Passes(config, _algorithm(config), shape, critic=critic, prompts=mine, cuda=cuda, how=how)

    critic = _critic(config)
    try:
        states, moments = (_short if _all_short(shape, critic) else _whole)(of, shape, critic)
    except Unlike:
        states, moments = _whole(of, shape, critic)
    away = cuda and config.model.offload_frozen
    found: dict[Phase, PhasePlan] = {}
    for phase, role, kinds in moments:
        one = PhasePlan(phase, role, _with_states(role, kinds, states, away=away))
        if phase not in found or one.total > found[phase].total:
            found[phase] = one
    return Plan(config, how, states, tuple(found.values()))


Moment = tuple[Phase, Role, dict[Kind, int]]
Found = tuple[dict[Role, States], list[Moment]]
Of = Callable[[Any, Any | None], Passes]


def _critic(config: RunConfig) -> Any | None:
    """The transformers config of what the critic is made from; None: the actor's, or there is no critic."""
    if not config.model.critic or "critic" not in _algorithm(config).roles:
        return None
    return shape_of(full_name(config.model.critic))


def _all_short(shape: Any, critic: Any | None) -> bool:
    return can_be_short(shape) and (critic is None or can_be_short(critic))


def _layers(passes: Passes, shape: Any, critic: Any | None) -> dict[Role, int]:
    """How many layers each role has."""
    return {
        role: (critic if role == "critic" and critic is not None else shape).num_hidden_layers
        for role in passes.models.by_role
    }


def _whole(of: Of, shape: Any, critic: Any | None) -> Found:
    """States, and what each moment holds that can be a peak, of the model as it is."""
    passes = of(shape, critic)
    step = {role: passes.step_bytes(role) for role in passes.models.by_role}
    moments: list[Moment] = [
        (one.phase, one.role, _with_more(passes, one, piece.place, piece.kinds, step[one.role], None))
        for one in passes.run()
        for piece in one.pieces
    ]
    return passes.states(), moments


def _short(of: Of, shape: Any, critic: Any | None) -> Found:
    """The same from three and four layers."""
    three, four = (
        of(shortened(shape, few), None if critic is None else shortened(critic, few)) for few in (FEW, FEW + 1)
    )
    layers = _layers(three, shape, critic)
    step = {role: three.step_bytes(role, layers[role]) for role in three.models.by_role}
    moments: list[Moment] = [
        (a.phase, a.role, _with_more(three, a, place, kinds, step[a.role], layers))
        for a, b in zip(three.run(shape.num_hidden_layers), four.run(shape.num_hidden_layers), strict=True)
        for place, kinds in carried_over(a.pieces, b.pieces, layers[a.role])
    ]
    return three.states(layers), moments


def _with_more(
    passes: Passes, one: Pass, place: int, kinds: dict[Kind, int], step: int, layers: dict[Role, int] | None
) -> dict[Kind, int]:
    """With what an optimizer step holds for a moment, and what there is because of several processes."""
    found = Counter(kinds)
    own = step if place == STEP else None
    if passes.how.devices > 1:
        found += _exchanged(passes, one, own, layers)
    elif own is not None:
        found["optimizer step"] += own
    return dict(found)


def _exchanged(passes: Passes, one: Pass, own: int | None, layers: dict[Role, int] | None) -> Counter[Kind]:
    """Bytes by kind in a pass, because the models are spread over several processes.

    Args:
        own: bytes that the optimizer's step of one process takes; None: this is not the step.
    """
    found: Counter[Kind] = Counter()
    copies = 1 if passes.cuda else 2  # of a bucket that is sent: gloo makes one more
    for role, model in passes.models.by_role.items():
        lm = getattr(model, "lm", None)
        head = [] if lm is None else list(lm.get_output_embeddings().parameters())
        many = None if layers is None else layers[role]
        takes, size = exchange_of(model, passes.how, trained=role in TRAINED, layers=many, head=head)
        found["communication"] += takes.always * size
        found["gradients"] += takes.gradients * size
        if role != one.role:
            continue
        if one.phase in SAMPLED:
            found["communication"] += takes.whole * size
        elif own is None:
            updating = one.phase in UPDATES.values()
            sent = takes.bucket + (copies * takes.always if takes.early else 0)
            found["communication"] += (takes.module + (sent if updating else 0)) * size
        else:
            # Gradients are sent before the optimizer's step: what is larger.
            sent = (takes.together + copies * takes.always) * size
            step = own + takes.step * (size + (NUMBER if size < NUMBER else 0))
            found["communication" if sent > step else "optimizer step"] += max(sent, step)
    return found


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
    how: Sharding = ALONE
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
        states = states_of_run(self.config, self.shape, self.how)
        away = self.cuda and self.config.model.offload_frozen
        held = [s for role, s in states.items() if role in TRAINED or not away]
        return sum(s.weights + s.optimizer + s.masters for s in held)

    def _key(self) -> str:
        return f"{config_hash(self.config)} {self.prompt_tokens} {self.how} {self.cuda}"


_PLANS: dict[str, Plan] = {}
_STATES: dict[str, dict[Role, States]] = {}


def states_of_run(config: RunConfig, shape: Any, how: Sharding = ALONE) -> dict[Role, States]:
    """Of every role, in one process, on a CPU's allocator; of equal models worked out once."""
    model, reward = config.model, config.has_reward_model
    key = f"{model.name} {model.critic} {model.adapter} {model.dtype} {config.algorithm} {reward} {how}"
    if key not in _STATES:
        critic = _critic(config)
        short, critic_short = shape, critic
        if few := _all_short(shape, critic):
            short, critic_short = shortened(shape, FEW), None if critic is None else shortened(critic, FEW)
        passes = Passes(config, _algorithm(config), short, critic=critic_short, prompts=[1], cuda=False, how=how)
        _STATES[key] = passes.states(_layers(passes, shape, critic) if few else None)
    return _STATES[key]


def _algorithm(config: RunConfig) -> Any:
    return build(plugins.ALGORITHMS, config.algorithm)


def _with_states(user: Role, kinds: dict[Kind, int], states: dict[Role, States], *, away: bool) -> dict[Kind, int]:
    """With what is resident; `away`: frozen models are on the device only while they are used."""
    held: Counter[Kind] = Counter(kinds)
    for role, own in states.items():
        if not away or role in TRAINED or role == user:
            held.update({kind: own.kinds[kind] for kind in RESIDENT})
    return {kind: size for kind, size in held.items() if size}
