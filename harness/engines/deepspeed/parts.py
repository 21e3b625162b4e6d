"""What ZeRO leaves to each process, in numbers: exact, with the padding of DeepSpeed 0.19.

Over D processes, of a model with tensors of n_1, n_2, ... trained numbers, N together:

    stages 1 and 2  the weights lie in one flat tensor of F = N rounded up to a multiple of 2 D; a process trains F / D
                    of it.  At the optimizer step it holds the gradients of the tensors that its part touches, whole.
    stage 3         each tensor is cut on its own: a process holds S = sum of n_i / D, each rounded up, of weights,
                    masters and gradients; frozen models likewise.

AdamW trains one flat tensor at stages 1 and 2; at stage 3 one for each 10^9 numbers of a process.  Masters are float32
copies, also of float32 weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BUCKET = 5 * 10**7  # numbers that are exchanged at once, at most: 200 MB in float32
ALIGNED = 2  # the flat tensor is a multiple of so many numbers a process
SUB_GROUP = 10**9  # DeepSpeed's `sub_group_size`: numbers of a process that are one tensor of the optimizer


@dataclass(frozen=True)
class Sharding:
    """How states are spread over processes, one a device."""

    devices: int = 1
    stage: int = 0
    offload: str = "none"
    """`none`, `optimizer` or `all`: what is kept in CPU memory."""

    @property
    def divides(self) -> bool:
        """Whether optimizer states are dealt out."""
        return self.devices > 1 and self.stage > 0

    @property
    def kept_of_gradients(self) -> float:
        """The part of the gradients of a backward pass that stays; at stage 3 `Exchange.gradients` are there anyway."""
        return {2: 1 / self.devices, 3: 0.0}.get(self.stage, 1.0)

    def is_away(self, kind: str) -> bool:
        """Whether a kind of states is in CPU memory."""
        if self.offload == "none":
            return False
        return kind in ("optimizer", "masters") or (self.offload == "all" and kind == "weights")


@dataclass(frozen=True)
class Part:
    """Numbers of one model in one process.

    Attributes:
        weights: of those that are trained.
        gradients: as the optimizer step finds them.
        trained: that the optimizer trains in it.
        tensors: in which these are.
    """

    weights: int
    gradients: int
    trained: int
    tensors: int


def part_of_process(sizes: Sequence[int], how: Sharding, rank: int = 0) -> Part:
    """What one process has of trained tensors.

    Args:
        sizes: numbers of each, in the order of the parameters.
        rank: which process; gradients differ a little between them.
    """
    if how.stage == 3:
        mine = shards(sizes, how.devices)
        return Part(sum(mine), sum(mine), sum(mine), _groups(mine))
    flat = -(-sum(sizes) // (ALIGNED * how.devices)) * ALIGNED * how.devices
    own = flat // how.devices
    begin, held = 0, 0
    for size in sizes:
        if begin < (rank + 1) * own and begin + size > rank * own:
            held += size
        begin += size
    return Part(flat, held, own, 1)


def shards(sizes: Sequence[int], devices: int) -> list[int]:
    """Numbers that a process holds of each tensor at stage 3."""
    return [-(-size // devices) for size in sizes]


def _groups(mine: Sequence[int]) -> int:
    """Tensors of the optimizer at stage 3: neighbors together until there are SUB_GROUP numbers."""
    if sum(mine) <= SUB_GROUP:
        return 1
    groups = numbers = 0
    for size in mine:
        numbers += size
        if numbers >= SUB_GROUP:
            groups, numbers = groups + 1, 0
    return groups + (numbers > 0)


@dataclass(frozen=True)
class Exchange:
    """Numbers that one model takes in a process besides its states, because it is spread over several.

    Attributes:
        always: at stage 3 the bucket in which gradients travel, which is never given up, and is copied as it is sent.
        gradients: at stage 3 those of the process, which are never given up either.
        whole: gathered for a rollout, at stage 3.
        module: gathered while it is read, at stage 3: the output embedding, and the largest module of the others.
        bucket: in which gradients travel, during an update at stages 1 and 2.
        step: the flat gradient that the optimizer's step makes, once in the type of the gradients.
        together: all gradients as one tensor, at the end of an update at stage 0.
        early: whether that bucket is sent before the backward pass is through, since not all fit into one.
    """

    always: int = 0
    gradients: int = 0
    whole: int = 0
    module: int = 0
    bucket: int = 0
    step: int = 0
    together: int = 0
    early: bool = False


def exchange_of_process(sizes: Sequence[int], module: int, how: Sharding, *, trained: bool, bucket: int) -> Exchange:
    """What one process takes of a model.

    Args:
        sizes: numbers of each tensor; of one that is trained, all are.
        module: numbers of what is gathered at once while it is read.
        bucket: most numbers that travel at once.
    """
    if how.devices == 1:
        return Exchange()
    if how.stage == 0:
        return Exchange(together=sum(sizes) if trained else 0)
    travels, part = min(bucket, sum(sizes)), part_of_process(sizes, how)
    if how.stage < 3:
        return Exchange(bucket=travels, step=part.trained) if trained else Exchange()
    whole = part.weights * how.devices
    if not trained:
        return Exchange(whole=whole, module=module)
    return Exchange(
        always=travels,
        gradients=part.gradients,
        whole=whole,
        module=module,
        step=part.trained,
        early=sum(sizes) > bucket,
    )
