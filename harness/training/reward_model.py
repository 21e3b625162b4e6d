"""Trains the fourth model: a backbone with a scalar head, on pairs of completions that the verifier labeled."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.config.schema import HELD_OUT, RewardConfig, RunConfig
from rlvr_bench.harness.engines.torch_engine import TorchEngine
from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.models.roles import ScalarModel
from rlvr_bench.harness.models.scoring import score_rollout, width_of
from rlvr_bench.harness.progress import track
from rlvr_bench.harness.rollout import rollout_engine
from rlvr_bench.harness.rollout.long_prompts import choice_of
from rlvr_bench.harness.rollout.types import Samples, as_rollout
from rlvr_bench.harness.seeding import derive_seed
from rlvr_bench.harness.state.cache import cached
from rlvr_bench.harness.state.identity import base_inputs, reward_inputs
from rlvr_bench.harness.tasks.prompts import train_items
from rlvr_bench.harness.tasks.types import Item, Task
from rlvr_bench.harness.training.evaluate import refuse_masked
from rlvr_bench.harness.training.grader import Grader, sample_and_grade
from rlvr_bench.harness.training.proxy.best_of import measure_best_of
from rlvr_bench.harness.training.warm_start import reward_base, warm_start_key
from rlvr_bench.rewards.learned import Normalizer, bradley_terry_loss, calibration, pair_accuracy

HELD_OUT_PAIRS = 2000  # at most
TRAINING = (
    "label_pairs",
    "label_prompts",
    "label_samples",
    "label_seed",
    "label_noise",
    "epochs",
    "optimizer_steps",
    "batch",
    "lr",
)  # settings of the section `reward` that its training depends on


class RewardModelError(UserError):
    """The base model's completions do not give the pairs asked for."""


def reward_model(
    config: RunConfig, base: Any, tokenizer: Any, grader: Grader, task: Task
) -> tuple[ScalarModel, Normalizer, dict[str, Any]]:
    """The reward model of a run, from the cache if it was trained before, and the facts of its training.

    Raises:
        RewardModelError: too few pairs; says how many there were.
    """
    made_from = reward_base(config, task, base)
    model = ScalarModel.from_causal_lm(made_from, share=config.compute.share, precision=config.compute.autocast)
    if not config.reward.label_pairs:
        return model, Normalizer(), {"pairs": 0, "note": "untrained: for memory and speed only"}

    def make() -> tuple[dict[str, Tensor], dict[str, Any]]:
        facts = _train(model, config, base, tokenizer, grader, task)
        return model.state_dict(), facts

    weights, facts = cached("reward-model", reward_model_key(config, base_inputs(config, task)), make)
    model.load_state_dict(weights)
    return model, Normalizer(facts["mean"], facts["std"]), facts


def reward_model_key(config: RunConfig, inputs: Mapping[str, str]) -> dict[str, Any]:
    """What a reward model depends on; `inputs` as for the warm start."""
    r, rollout = asdict(config.reward), config.rollout
    m = config.measure
    return {
        **warm_start_key(config, inputs),
        "labels": {name: r[name] for name in TRAINING},
        "made_from": reward_inputs(config) if config.reward.model else {},
        "best_of": [m.best_of_prompts, m.best_of_samples, config.evaluate.split] if m.best_of_prompts else [],
        "sampling": [rollout.min_tokens, rollout.max_tokens, rollout.temperature],
        **choice_of(config),
    }


def label_pairs(correct: list[float | None], groups: list[int], count: int, *, seed: int) -> list[tuple[int, int]]:
    """Up to `count` pairs (right, wrong) of completions of one prompt, drawn evenly over the prompts."""
    pairs_of: dict[int, list[tuple[int, int]]] = {}
    members: dict[int, list[int]] = {}
    for i, group in enumerate(groups):
        members.setdefault(group, []).append(i)
    stream = random.Random(derive_seed("pairs", seed))
    for group, rows in members.items():
        known = [(i, reward) for i in rows if (reward := correct[i]) is not None]
        right, wrong = [i for i, reward in known if reward > 0], [i for i, reward in known if reward <= 0]
        pairs_of[group] = list(itertools.product(right, wrong))
        stream.shuffle(pairs_of[group])
    rounds = itertools.zip_longest(*pairs_of.values())
    return list(itertools.islice((p for r in rounds for p in r if p is not None), count))


def turn_some(pairs: list[tuple[int, int]], count: int, *, seed: int) -> list[tuple[int, int]]:
    """So many of the pairs, drawn by the seed, the wrong way round: errors in the labels."""
    chosen = set(random.Random(derive_seed("label noise", seed)).sample(range(len(pairs)), count))
    return [(wrong, right) if i in chosen else (right, wrong) for i, (right, wrong) in enumerate(pairs)]


def _train(
    model: ScalarModel, config: RunConfig, base: Any, tokenizer: Any, grader: Grader, task: Task
) -> dict[str, Any]:
    r = config.reward
    items = train_items(task, seed=derive_seed("labels", config.reward.label_seed), step=1, count=r.label_prompts)
    samples, correct = _labeled_completions(items, config, base, tokenizer, grader)
    rollout = as_rollout(samples, max_tokens=config.rollout.max_tokens)
    refuse_masked(correct.count(None) / len(correct), config.reward.max_masked, "labels of the reward model")
    train_pairs, test_pairs = _split_pairs(items, samples, correct, config)
    turned = round(r.label_noise * len(train_pairs))
    train_pairs = turn_some(train_pairs, turned, seed=r.label_seed)
    _fit(model, rollout, train_pairs, config)
    scores = score_rollout(lambda part: model(part, at="end"), rollout, config.train.micro_tokens)
    right, wrong = (scores[torch.tensor([p[side] for p in test_pairs])] for side in (0, 1))
    frozen = Normalizer.fit(scores)
    found = {}
    if config.measure.best_of_prompts:
        found["best_of"] = measure_best_of(model, frozen, config, base, tokenizer, grader, task)
    return {
        **found,
        "labels": len({i for pair in train_pairs for i in pair}),
        "pairs": len(train_pairs),
        "turned_pairs": turned,
        "held_out_pairs": len(test_pairs),
        "held_out_accuracy": pair_accuracy(right, wrong),
        "calibration": calibration(right, wrong),
        "base_pass_rate": fmean(c for c in correct if c is not None),
        "right_score": fmean(s for s, c in zip(frozen(scores).tolist(), correct, strict=True) if c),
        "sandbox": grader.sandbox,
        "mean": frozen.mean,
        "std": frozen.std,
    }


def _split_pairs(
    items: list[Item], samples: Samples, correct: list[float | None], config: RunConfig
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Pairs to train on and held-out pairs, of different prompts."""
    r = config.reward
    groups = samples.group_ids.tolist()
    first_held_out = int(r.label_prompts * (1 - HELD_OUT))
    learned = {item.prompt for item in items[:first_held_out]}  # a small task asks the same thing again
    held_out = {g for g in range(first_held_out, len(items)) if items[g].prompt not in learned}
    train_pairs, test_pairs = (
        label_pairs(
            [c if g in part else None for c, g in zip(correct, groups, strict=True)], groups, most, seed=r.label_seed
        )
        for part, most in ((range(first_held_out), r.label_pairs), (held_out, HELD_OUT_PAIRS))
    )
    if len(train_pairs) < r.label_pairs or not test_pairs:
        raise RewardModelError(
            f"reward.label_pairs: {r.label_pairs} asked for, but the base model's {len(groups)} completions give "
            f"{len(train_pairs)} for training and {len(test_pairs)} held out; raise label_prompts, or start from a "
            "base model that is neither always right nor always wrong"
        )
    return train_pairs, test_pairs


def _fit(model: ScalarModel, rollout: Rollout, pairs: list[tuple[int, int]], config: RunConfig) -> None:
    """Bradley-Terry loss over the pairs, with a linear decay of the learning rate to zero."""
    r = config.reward
    engine = TorchEngine(model)
    batches = list(itertools.islice(_shuffled_batches(pairs, r), r.optimizer_steps or None))
    model.train()
    for step, batch in enumerate(track(batches, "reward model", len(batches))):
        parts = torch.tensor(batch).split(max(1, config.train.micro_tokens // (2 * width_of(rollout))))
        for i, part in enumerate(parts):
            rows = part.T.flatten().to(rollout.rewards.device)  # the right ones, then the wrong ones
            right, wrong = engine.module(rollout.select(rows), at="end").chunk(2)
            loss = bradley_terry_loss(right, wrong) * len(part) / len(batch)
            engine.backward(loss, last=i + 1 == len(parts))
        engine.step(r.lr * (1 - step / len(batches)), max_norm=1.0)
    model.eval()


def _shuffled_batches(pairs: list[tuple[int, int]], r: RewardConfig) -> Iterator[list[tuple[int, int]]]:
    """Of `epochs` passes; without end where the number of optimizer steps is set."""
    order = random.Random(derive_seed("pair order", r.label_seed))
    for _ in itertools.count() if r.optimizer_steps else range(r.epochs):
        shuffled = order.sample(pairs, len(pairs))
        yield from (shuffled[i : i + r.batch] for i in range(0, len(shuffled), r.batch))


def _labeled_completions(
    items: list[Item], config: RunConfig, base: Any, tokenizer: Any, grader: Grader
) -> tuple[Samples, list[float | None]]:
    """The base model's own completions and whether the verifier finds them right."""
    samples, grades = sample_and_grade(
        rollout_engine(config, base, tokenizer),
        tokenizer,
        grader,
        items,
        config,
        count=config.reward.label_samples,
        seed=derive_seed("labels", config.reward.label_seed),
    )
    return samples, [v.reward for v in grades.true]
