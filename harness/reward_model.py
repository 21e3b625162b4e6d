"""Trains the fourth model: a scalar-headed copy of the base model, on pairs that the verifier labelled."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from algorithms.types import BatchCounts, Rollout
from harness.cache import cached
from harness.config import HELD_OUT, RunConfig
from harness.judge import Judge
from harness.models.roles import ScalarModel
from harness.optim import make_optimizer, set_lr
from harness.progress import track
from harness.prompts import train_items
from harness.rollout import Samples, Sampling, TransformersEngine, decode_completions
from harness.score import outcome_scores, score_rollout
from harness.seeding import derive_seed, generator
from harness.warm_start import warm_start_key
from rewards.learned import Normaliser, bradley_terry_loss, calibration, pair_accuracy

HELD_OUT_PAIRS = 2000  # at most
LABEL_SEED = 0  # the reward model, like the base model, is shared by the runs of a suite


class RewardModelError(ValueError):
    """The base model's completions do not give the pairs asked for."""


def reward_model(
    config: RunConfig, base: nn.Module, tokenizer: Any, judge: Judge, task: Any
) -> tuple[ScalarModel, Normaliser, dict[str, Any]]:
    """The reward model of a run, from the cache if it was trained before, and the facts of its training.

    Raises:
        RewardModelError: too few pairs; says how many there were.
    """
    model = ScalarModel.from_causal_lm(base)
    if not config.reward.label_pairs:
        return model, Normaliser(), {"pairs": 0, "note": "untrained: for memory and speed only"}

    def make() -> tuple[dict[str, Tensor], dict[str, Any]]:
        facts = _train(model, config, base, tokenizer, judge, task)
        return model.state_dict(), facts

    r = asdict(config.reward)
    key = {
        **warm_start_key(config),
        "labels": {
            name: r[name] for name in ("label_pairs", "label_prompts", "label_samples", "epochs", "batch", "lr")
        },
        "sampling": [config.rollout.max_tokens, config.rollout.temperature],
    }
    weights, facts = cached("reward-model", key, make)
    model.load_state_dict(weights)
    return model, Normaliser(facts["mean"], facts["std"]), facts


def as_rollout(samples: Samples, *, max_tokens: int) -> Rollout:
    """Samples as a rollout whose scores are still zero."""
    mask = samples.response_mask
    zeros = torch.zeros(mask.shape, device=mask.device)
    return Rollout(
        prompt_ids=samples.prompt_ids,
        completion_ids=samples.completion_ids,
        prompt_mask=samples.prompt_mask,
        response_mask=mask,
        truncated=samples.truncated,
        group_ids=samples.group_ids,
        rewards=torch.zeros(len(mask), device=mask.device),
        old_logprobs=zeros,
        counts=BatchCounts(len(mask), int(mask.sum()), max_tokens),
    )


def label_pairs(judged: list[float | None], groups: list[int], count: int) -> list[tuple[int, int]]:
    """Up to `count` pairs (right, wrong) of completions of one prompt, drawn evenly over the prompts."""
    pairs_of: dict[int, list[tuple[int, int]]] = {}
    members: dict[int, list[int]] = {}
    for i, group in enumerate(groups):
        members.setdefault(group, []).append(i)
    stream = random.Random(derive_seed("pairs", LABEL_SEED))
    for group, rows in members.items():
        right = [i for i in rows if judged[i] is not None and judged[i] > 0]
        wrong = [i for i in rows if judged[i] is not None and judged[i] <= 0]
        pairs_of[group] = list(itertools.product(right, wrong))
        stream.shuffle(pairs_of[group])
    rounds = itertools.zip_longest(*pairs_of.values())
    return list(itertools.islice((p for r in rounds for p in r if p is not None), count))


def _train(
    model: ScalarModel, config: RunConfig, base: nn.Module, tokenizer: Any, judge: Judge, task: Any
) -> dict[str, Any]:
    r = config.reward
    samples, correct = _labelled_completions(config, base, tokenizer, judge, task)
    rollout = as_rollout(samples, max_tokens=config.rollout.max_tokens)
    groups = samples.group_ids.tolist()
    first_held_out = int(r.label_prompts * (1 - HELD_OUT))
    train_pairs, test_pairs = (
        label_pairs(
            [c if (g < first_held_out) == training else None for c, g in zip(correct, groups, strict=True)],
            groups,
            most,
        )
        for training, most in ((True, r.label_pairs), (False, HELD_OUT_PAIRS))
    )
    if len(train_pairs) < r.label_pairs or not test_pairs:
        raise RewardModelError(
            f"reward.label_pairs: {r.label_pairs} asked for, but the base model's {len(groups)} completions give "
            f"{len(train_pairs)} for training and {len(test_pairs)} held out; raise label_prompts, or start from a "
            "base model that is neither always right nor always wrong"
        )
    optimizer = make_optimizer(model, r.lr)
    batches = list(_shuffled_batches(train_pairs, r.batch, r.epochs))
    model.train()
    for step, batch in enumerate(track(batches, "reward model", len(batches))):
        set_lr(optimizer, r.lr * (1 - step / len(batches)))
        rows = torch.tensor([i for i, _ in batch] + [j for _, j in batch])
        right, wrong = outcome_scores(model, rollout.select(rows)).split(len(batch))
        loss = bradley_terry_loss(right, wrong)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()
    scores = score_rollout(lambda part: outcome_scores(model, part), rollout, config.train.micro_tokens)
    right, wrong = (scores[torch.tensor([p[side] for p in test_pairs])] for side in (0, 1))
    frozen = Normaliser.fit(scores)
    return {
        "pairs": len(train_pairs),
        "held_out_pairs": len(test_pairs),
        "held_out_accuracy": pair_accuracy(right, wrong),
        "calibration": calibration(right, wrong),
        "base_pass_rate": sum(c or 0 for c in correct) / len(correct),
        "mean": frozen.mean,
        "std": frozen.std,
    }


def _shuffled_batches(pairs: list[tuple[int, int]], size: int, epochs: int) -> Iterator[list[tuple[int, int]]]:
    order = random.Random(derive_seed("pair order", LABEL_SEED))
    for _ in range(epochs):
        shuffled = order.sample(pairs, len(pairs))
        yield from (shuffled[i : i + size] for i in range(0, len(shuffled), size))


def _labelled_completions(
    config: RunConfig, base: nn.Module, tokenizer: Any, judge: Judge, task: Any
) -> tuple[Samples, list[float | None]]:
    """The base model's own completions and whether the verifier finds them right."""
    c, r = config.rollout, config.reward
    device = next(base.parameters()).device
    items = train_items(task, seed=derive_seed("labels", LABEL_SEED), step=1, count=r.label_prompts)
    engine = TransformersEngine(base, tokenizer, max_prompt_tokens=c.max_prompt_tokens, device=device)
    sampling = Sampling(r.label_samples, c.max_tokens, c.min_tokens, c.temperature)
    samples = engine.sample([i.prompt for i in items], sampling, generator(device, "labels", LABEL_SEED))
    targets = [item.target for item in items for _ in range(r.label_samples)]
    return samples, [v.reward for v in judge(decode_completions(tokenizer, samples), targets).true]
