"""Model FLOPs of each phase of a step, from the sizes of the rollout; formulas in meters/flops.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rlvr_bench.algorithms.types import Role, Rollout
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.meters.flops import forward_flops, model_shape, training_flops
from rlvr_bench.harness.models.roles import Models
from rlvr_bench.harness.models.scoring import Positions, positions_read
from rlvr_bench.harness.records import Phase


@dataclass(frozen=True)
class Tokens:
    """Sizes of a rollout, padding left out; prompts count once a group, as they are read."""

    rows: int
    prompt: int
    completion: int
    context: float  # p + n/2: mean positions that the n - 1 tokens read attend to, as if all rows were of mean length

    def read_by(self, role: Role) -> Positions:
        """What one forward pass reads.

        The last token of a completion is chosen, and then read by nobody but the reward model, whose score is taken
        after it.
        """
        return Positions(self.prompt, self.completion - (0 if role == "reward" else self.rows))

    @classmethod
    def of(cls, rollout: Rollout) -> Tokens:
        rows = len(rollout.rewards)
        prompts = int(rollout.prompt_mask.sum())  # of all rows
        prompt, completion = positions_read(rollout, prompts_once=True, after_last=True)
        return cls(
            rows=rows,
            prompt=prompt,
            completion=completion,
            context=(prompts + completion / 2) / max(rows, 1),
        )


@dataclass(frozen=True)
class PhaseFlops:
    """Of one phase: what it needs, and what was done where equal completions were read once."""

    needed: float
    done: float


def step_flops(
    models: Models,
    sampled: Tokens,
    trained: Tokens,
    passes: Mapping[Phase, Mapping[Role, float]],
    reads: Mapping[Phase, Mapping[Role, Positions]],
) -> dict[Phase, PhaseFlops]:
    """FLOPs by phase.

    Args:
        sampled: all completions; they are read in rollout and score.
        trained: those that have a verdict; they are read in reward and the updates.
        passes: how often each role reads them in each phase, by the algorithm and the settings.
        reads: positions that went through each role's model in each phase; where they are fewer than the passes read,
            the FLOPs that were done are as many times fewer.  Where they are more (prompts read again for another
            micro-batch or by recomputation, states of completions that have ended), what is done is what is needed:
            model FLOPs count no work that could have been left out.
    """
    found = {}
    for phase, roles in passes.items():
        size = sampled if phase in ("rollout", "score") else trained
        flops = training_flops if phase.startswith("update") else forward_flops
        needed = done = 0.0
        for role, times in roles.items():
            shape = model_shape(models.by_role[role])
            once = size.read_by(role)
            all_of_it = times * flops(shape, sum(once), context=size.context, head_tokens=size.completion)
            needed += all_of_it
            done += all_of_it * _share(reads[phase].get(role, Positions()), once, times)
        found[phase] = PhaseFlops(needed, done)
    return found


def summed(
    reads: Sequence[Mapping[Phase, Mapping[Role, Positions]]],
) -> dict[Phase, dict[Role, Positions]]:
    """Positions that went through the models of all processes."""
    found: dict[Phase, dict[Role, Positions]] = {phase: {} for phase in reads[0]}
    for one in reads:
        for phase, roles in one.items():
            for role, positions in roles.items():
                before = found[phase].get(role, Positions())
                found[phase][role] = Positions(*(a + b for a, b in zip(before, positions, strict=True)))
    return found


def _share(read: Positions, once: Positions, times: float) -> float:
    """Of the positions that are to be read `times` times, the share that was, no prompt or completion counted twice."""
    expected = times * sum(once)
    found = sum(min(count, times * each) for count, each in zip(read, once, strict=True))
    return found / expected if expected else 0.0


def passes(models: Models, config: RunConfig, step: int, *, actor_scored: bool) -> dict[Phase, dict[Role, float]]:
    """How often each model reads the completions of a step, phase by phase.

    Args:
        actor_scored: whether the actor reads them once more, for its old log-probabilities.
    """
    held, epochs = models.by_role, config.train.epochs
    always: tuple[Role, ...] = ("reference", "critic")
    scored: dict[Role, float] = {role: 1 for role in always if role in held}
    if actor_scored:
        scored["actor"] = 1
    actor = step > config.train.critic_warmup_steps or "critic" not in held
    return {
        "rollout": {"actor": 1},
        "score": scored,
        "reward": {"reward": 1} if "reward" in held else {},
        "update_actor": {"actor": epochs} if actor else {},
        "update_critic": {"critic": epochs} if "critic" in held else {},
    }
