"""Settings of a run that say what is measured: held-out accuracy, and the meters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from rlvr_bench.harness.config.ranges import STRICT, Count, Positive, Rate


@dataclass(frozen=True, config=STRICT)
class EvaluateConfig:
    every: Count = 10
    """Steps between evaluations, besides those before and after training; 0 is no evaluation at all."""
    split: Literal["test", "validation"] = "test"
    """Which held-out split: settings are chosen on `validation`, results are reported on `test`."""
    items: Positive = 128
    """Held-out items, the first of the split, the same in every run."""
    final_items: Count = 0
    """Items of the evaluations before the first and after the last step, at least `items`; the first `items` of them
    are those of the evaluations between.  0 is as many as `items`."""
    samples: Positive = 4
    """Completions sampled for each item, at the rollout's temperature."""
    k: tuple[Positive, ...] = (4,)
    """The k of pass@k and maj@k, each at most `samples`; pass@1 is always reported."""


@dataclass(frozen=True, config=STRICT)
class MeasureConfig:
    period_s: Annotated[float, Field(ge=0.001, le=10)] = 0.02
    """Seconds between background samples of memory, power and clocks, in [0.001, 10]."""
    warmup_steps: Count = 1
    """First steps that timing and memory statistics leave out."""
    sample_completions: Count = 16
    """Completions kept from each evaluated step, and from the first and the last step."""
    base_items: Count = 0
    """Test items that a suite measures each base model on before the runs, greedily and at five temperatures; 0 is off.
    In a suite it is 256 for parts of kind `learning`, unless they set it."""
    base_samples: Positive = 4
    """Completions of each of these items at each temperature."""
    base_pass_items: Positive = 64
    """The first so many of these items are sampled more often, for pass@k of the base model."""
    base_pass_samples: Positive = 64
    """Completions of each of them, at temperature 1; k is 1, 2, 4, ... up to this many."""
    base_ceiling: bool = False
    """Measure beside them, greedily, the model that the same supervised steps make of demonstrations without noise and
    habit: what the task and the model's size allow.  It takes one more warm start for all base models of a task."""
    many_items: Count = 0
    """Test items of which the policy after the last step is asked many times, for pass@k and maj@k; 0 is off.  A suite
    asks its base models in the same way."""
    many_samples: Positive = 256
    """Completions of each of these items; k is 1, 2, 4, ... up to this many."""
    many_temperatures: Annotated[tuple[Rate, ...], Field(min_length=1)] = (1.0,)
    """Temperatures, > 0, of which each policy is given the one that serves it best on the split `validation`, before
    the test items are asked; one alone is taken as it is."""
    many_choice_samples: Positive = 8
    """Completions at each temperature, of the first `many_items` of the split `validation`: the one with the highest
    pass@k at this k is chosen, the first of equals."""
    exact_kl: bool = False
    """Compute the KL to the reference over the whole vocabulary at every position of each step's completions, besides
    the estimate from the sampled tokens; two more forward passes, in no cost of the step; used where there is a
    reference."""
    best_of_prompts: Count = 0
    """First held-out prompts of `evaluate.split` on which the best of n completions of the base model is measured, as
    the reward model picks it; 0 is off; used where there is a reward model."""
    best_of_samples: Positive = 64
    """Completions of each of them; n is 1, 2, 4, ... up to this many."""
    ladder_steps: tuple[Count, ...] = ()
    """Steps after which the baselines are measured on the policy as it is then; 0 is the base model; () is never."""
    ladder_batches: Annotated[int, Field(ge=2)] = 16
    """Batches of the step's size whose gradients are compared; as many again are the reference."""
    ladder_oracle: Positive = 64
    """Further completions of each prompt, whose mean reward is the oracle's baseline."""
    critic_steps: tuple[Count, ...] = ()
    """Steps after which the critic's values are held against continuations by the policy as it is then; 0 is before the
    first; () is never; used where the algorithm has a critic."""
    critic_prompts: Positive = 32
    """Held-out prompts with one completion each whose states are valued: the first of `evaluate.split`."""
    critic_states: Annotated[int, Field(ge=2)] = 5
    """States of each completion, spread evenly over its tokens, the prompt itself among them; at least 2."""
    critic_continuations: Annotated[int, Field(ge=2)] = 64
    """Continuations of each state, whose mean reward is its value; at least 2."""
