"""What the processes of a run send each other in a step, as a closed form: which models there are, how often they pass.

In numbers (elements), Psi of a model; messages and the ring are those of meters/communication.py, which counts the same
in runs.  With (n - 1) / n as 1, one optimizer step and one micro-batch a rollout, each process sends:

    stage 3     trained model 3 Psi (gathered forward, gathered backward, gradient scattered), each model that scores
                1 Psi, the actor's weights for sampling 1 Psi: four-model PPO 11, PPO with a verifier 10, GRPO with a
                reference 6, GRPO alone 5, if the actor scores its own completions before the update.  Where the
                sampler's log-probabilities are exact, or one optimizer step a rollout needs none, it does not: 10, 9,
                5, 4.  The literature's 11, 10, 6 and 4 are these, the last without that pass.
    stage 0     trained model 2 Psi: the gradient is summed in all.
    stage 1, 2  trained model 3 Psi: DeepSpeed sums each bucket of the gradient in all processes (2 Psi) although each
                keeps a share, and gathers the weights (1 Psi): PPO 6, GRPO 3.  The literature's 5 and 3 scatter the
                gradient (1 Psi) and hand the actor's weights to a sampler elsewhere (1 Psi); here every process samples
                with the weights that it has.

What k micro-batches change is not the same everywhere: stages 0 and 1 exchange a gradient once an optimizer step,
stage 2 in each micro-batch, and stage 3 gathers the weights in each pass as well.  So the ratio of PPO and GRPO moves a
little, but which of them communicates less does not.

Left out: a few numbers an optimizer step (norm, overflow), what the first step exchanges to agree on an order, and
rollouts and metrics, which go as objects.  For models that are trained whole, without recomputation, which would gather
layers once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rlvr_bench.algorithms.types import Role
from rlvr_bench.harness.meters.communication import PASSES
from rlvr_bench.harness.models.roles import TRAINED
from rlvr_bench.harness.records import Phase
from rlvr_bench.harness.training.update import UPDATES

Messages = Counter[tuple[Phase, str]]
GATHER, SCATTER, SUM = "all_gather_into_tensor", "reduce_scatter_tensor", "all_reduce"
ALIGNED = 2  # DeepSpeed's stages 1 and 2 round a model up to so many numbers a process


@dataclass(frozen=True)
class Passes:
    """How often the models of a step are used, by the process with the most micro-batches.

    Attributes:
        optimizer_steps: of one trained model.
        update: micro-batches of one trained model, of all optimizer steps together.
        score: micro-batches of one model that reads the whole rollout.
        actor_scored: whether the actor reads its completions before the update.
    """

    optimizer_steps: int = 1
    update: int = 1
    score: int = 1
    actor_scored: bool = True


def messages(tensors: Mapping[Role, Sequence[int]], passes: Passes, *, stage: int, processes: int) -> Messages:
    """Numbers in the messages of one process in a step, by phase and operation.

    Args:
        tensors: numbers of each parameter tensor of each role there is; of a model on paper, its one sum.
        stage: of ZeRO, 0 to 3.
    """
    found: Messages = Counter()
    for role in tensors:
        for phase, operation, count in _of_role(role, passes, stage):
            found[phase, operation] += count * _exchanged(tensors[role], operation, stage, processes)
    return +found


def sent(found: Messages, processes: int) -> float:
    """Numbers that one process sends if every operation goes round a ring."""
    return sum(PASSES[operation] * count for (_, operation), count in found.items()) * (processes - 1) / processes


def _of_role(role: Role, passes: Passes, stage: int) -> Iterator[tuple[Phase, str, int]]:
    """Phase, operation, and how often the whole model is its message."""
    if stage == 3:
        if role == "actor":
            yield "gather", GATHER, 1
        if role != "actor" or passes.actor_scored:
            yield "reward" if role == "reward" else "score", GATHER, passes.score
    if role not in TRAINED:
        return
    update = UPDATES[role]
    if stage == 3:
        yield update, GATHER, 2 * passes.update
        yield update, SCATTER, passes.update
    else:
        yield update, SUM, passes.update if stage == 2 else passes.optimizer_steps
        yield update, GATHER, passes.optimizer_steps * (stage > 0)


def _exchanged(tensors: Sequence[int], operation: str, stage: int, processes: int) -> int:
    """Numbers of a model, with those that fill its shares up."""
    if operation == SUM:
        return sum(tensors)
    if stage == 3:
        return sum(_up(count, processes) for count in tensors)
    return _up(sum(tensors), ALIGNED * processes)


def _up(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple
