"""What passes between the harness and an algorithm: a rollout in, advantages and losses out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal, Protocol, get_args, runtime_checkable

from jaxtyping import Bool, Float, Int
from torch import Tensor

Role = Literal["actor", "critic", "reference", "reward"]


@dataclass(frozen=True)
class BatchCounts:
    """Sizes of the *whole* optimizer batch: the denominators of every reduction.

    A micro-batch divides by these, never by its own sizes, so that the sum over micro-batches is the
    value (and the gradient) of the full batch, however it is split.
    """

    sequences: int
    tokens: int
    max_tokens: int  # completion length limit of the run, not the longest completion of the batch

    @classmethod
    def of(cls, response_mask: Bool[Tensor, "B T"], max_tokens: int) -> BatchCounts:
        """The sizes of exactly these completions."""
        return cls(len(response_mask), int(response_mask.sum()), max_tokens)


@dataclass(frozen=True)
class Rollout:
    """One sampled batch with its scores.  B completions, prompts of width P, completions of width T.

    `response_mask` marks the generated tokens including the first EOS: the mask of every reduction.
    Everything is on one device; floats are float32; what is masked is zero.  A score is None until it is known.
    """

    prompt_ids: Int[Tensor, "B P"]  # left-padded
    completion_ids: Int[Tensor, "B T"]  # right-padded
    prompt_mask: Bool[Tensor, "B P"]
    response_mask: Bool[Tensor, "B T"]
    truncated: Bool[Tensor, " B"]  # the length limit came before EOS
    group_ids: Int[Tensor, " B"]  # completions of one prompt share an id
    rewards: Float[Tensor, " B"]
    counts: BatchCounts
    old_logprobs: Float[Tensor, "B T"] | None = None  # nats, of the policy that sampled
    reference_logprobs: Float[Tensor, "B T"] | None = None
    values: Float[Tensor, "B T"] | None = None  # of the state in which token t was chosen
    advantages: Float[Tensor, "B T"] | None = None
    returns: Float[Tensor, "B T"] | None = None

    def select(self, rows: Int[Tensor, " b"], *, counts: BatchCounts | None = None) -> Rollout:
        """The given rows of every tensor; `counts` replaces the reduction sizes."""
        picked: dict[str, Any] = {
            f.name: v[rows] for f in fields(self) if isinstance(v := getattr(self, f.name), Tensor)
        }
        return replace(self, **picked, counts=counts or self.counts)

    def with_scores(self, **scores: Float[Tensor, "B T"]) -> Rollout:
        """A copy with advantages, returns or other per-token scores set."""
        return replace(self, **scores)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Loss:
    """A scalar to minimize, and detached metrics.

    The harness sums metrics over the micro-batches of one optimizer batch (they are divided by
    `BatchCounts` already), except that names ending in `_max` or `_min` combine as such.
    """

    scalar: Float[Tensor, ""]
    metrics: Mapping[str, Float[Tensor, ""]]


@dataclass(frozen=True)
class Needs:
    """What an algorithm asks of the harness besides its models.  Data: recorded in the summary of each run."""

    min_group_size: int = 1
    """Completions of a prompt that it compares at the least; a smaller `rollout.group_size` is refused."""
    logprobs_in_prepare: bool = True
    """Whether `prepare` reads `old_logprobs`.  If not, and a rollout serves one optimizer step, the policy that sampled
    is the one that is updated: they come from the update's own forward pass, and are None in `prepare`."""
    entropy_gradient: bool = True
    """Whether the gradient of the policy loss flows through the entropy; if not, it comes detached and costs less."""
    exact_values: bool = False
    """Whether the rollout carries the exact value of each state in `values`, without a critic.  Refused for tasks
    without demonstrations, and for rewards that are more than whether the answer is right."""
    rewards: bool = True
    """Whether the rewards decide which completions become likelier; False for a control that learns without them."""


@runtime_checkable
class Algorithm(Protocol):
    """An algorithm says which models it needs, how a rollout becomes advantages, and the losses.  No more.

    It is built as `Class(Class.Config(...))`.  An attribute `needs: Needs` may ask more of the harness.  An algorithm
    with a critic also has

        def value_loss(self, batch: Rollout, values: Float[Tensor, "B T"]) -> Loss

    which does not read `old_logprobs`: where a rollout serves one optimizer step, nobody may know them.
    Losses are of one micro-batch, under grad.  `logprobs`, `entropy` (nats) and `values` are what the current models
    say, computed by the harness; what is masked is zero: it changes no loss, but the gradient of an infinity is not
    a number, masked or not.
    """

    Config: ClassVar[type[Any]]  # a frozen dataclass; every field documented by the string under it

    @property
    def roles(self) -> frozenset[Role]:
        """The models that the harness must hold, besides the reward model (a factor of the run)."""
        ...

    def prepare(self, rollout: Rollout) -> Rollout:
        """Set `advantages` (and `returns` if there is a critic).  No grad; once per rollout."""
        ...

    def policy_loss(self, batch: Rollout, logprobs: Float[Tensor, "B T"], entropy: Float[Tensor, "B T"]) -> Loss:
        """The actor's loss on one micro-batch."""
        ...


def needs_of(algorithm: Any) -> Needs:
    """What an algorithm, or its class, asks for; the defaults where it says nothing."""
    return getattr(algorithm, "needs", Needs())


def one_of(name: str, value: object, allowed: Any) -> tuple[bool, str]:
    """The check, for `require`, that a field holds one of the values of its Literal."""
    names = get_args(allowed)
    return value in names, f"{name} must be one of {', '.join(names)}, got {value!r}"


def require(*checks: tuple[bool, str]) -> None:
    """Raise one ValueError with the text of every check that does not hold."""
    if broken := [text for holds, text in checks if not holds]:
        raise ValueError("; ".join(broken))
