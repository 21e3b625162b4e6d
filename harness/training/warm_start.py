"""Supervised training of a tiny model on noisy demonstrations, so that reinforcement has something to lift."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rlvr_bench.algorithms.types import Role
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.state_files import load_trained
from rlvr_bench.harness.engines.torch_engine import TorchEngine
from rlvr_bench.harness.models.adapters import with_adapter
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.models.ends import vocabulary_of
from rlvr_bench.harness.models.roles import Policy
from rlvr_bench.harness.progress import track
from rlvr_bench.harness.rollout.text import prompt_ids
from rlvr_bench.harness.seeding import derive_seed
from rlvr_bench.harness.state.cache import cached
from rlvr_bench.harness.state.checkpoint import Checkpoint, refuse_another_base, weights_of
from rlvr_bench.harness.state.identity import base_inputs
from rlvr_bench.harness.tasks.prompts import ENDLESS
from rlvr_bench.harness.tasks.types import Demonstrates, Item, Task


def base_model(config: RunConfig, task: Task) -> tuple[Any, Any, dict[str, Any]]:
    """The model that every role of every run starts from, its tokenizer, and facts about the warm start."""
    model, tokenizer = load_base(config.model, seed=config.warm_start.seed)
    if not config.warm_start.steps:
        return model, tokenizer, {}

    def make() -> tuple[dict[str, Tensor], dict[str, Any]]:
        loss = _train(model, tokenizer, task, config)
        return model.state_dict(), {"steps": config.warm_start.steps, "final_loss": loss}

    weights, facts = cached("warm-start", warm_start_key(config, base_inputs(config, task)), make)
    model.load_state_dict(weights)
    return model, tokenizer, facts


def other_config(config: RunConfig, name: str) -> RunConfig:
    """That of a run whose base model is what another role of this one is made from (`model.critic`, `reward.model`)."""
    return replace(config, model=replace(config.model, name=name, critic=""), reward=replace(config.reward, model=""))


def critic_model(config: RunConfig, task: Task, base: Any, roles: Collection[Role]) -> Any | None:
    """The causal language model that the critic is made from; None: it is the base model, or there is no critic."""
    if not config.model.critic or "critic" not in roles:
        return None
    return _other_model(config, config.model.critic, task, base, role="critic")


def reward_base(config: RunConfig, task: Task, base: Any) -> Any:
    """The causal language model that the reward model is made from: the base model, or that of `reward.model`."""
    if not config.reward.model:
        return base
    return _other_model(config, config.reward.model, task, base, role="reward model").to(base.device)


def _other_model(config: RunConfig, name: str, task: Task, base: Any, *, role: str) -> Any:
    """The base model of another name, after its own warm start.

    Its table of embeddings gets as many rows as the base model's, so that any id can be read.
    """
    model, _, _ = base_model(other_config(config, name), task)
    rows = vocabulary_of(base)
    if vocabulary_of(model) < rows:
        with torch.random.fork_rng():
            torch.manual_seed(derive_seed(f"rows of the {role}", config.warm_start.seed))
            model.resize_token_embeddings(rows, mean_resizing=False)
    return model


def checkpointed_model(config: RunConfig, task: Task, found: Checkpoint) -> tuple[Any, Any]:
    """The actor of a checkpoint, a causal language model, and its tokenizer.

    Args:
        config, task: of the run; of its settings, those that the model was made with.
    Raises:
        CheckpointError: the checkpoint holds an adapter, and its base model is another now.
    """
    if config.model.adapter is None:
        lm, tokenizer = load_base(config.model, seed=config.warm_start.seed)
    else:
        base, tokenizer, _ = base_model(config, task)
        refuse_another_base(found, base)
        lm = with_adapter(base, config.model.adapter, seed=0)  # of what the checkpoint has
    load_trained(Policy(lm), weights_of(found))
    return lm, tokenizer


def ceiling_config(config: RunConfig) -> RunConfig:
    """That of the model which learns from right demonstrations only; one for all seeds of the base model."""
    return replace(config, warm_start=replace(config.warm_start, noise=0.0, habit=0.0, seed=0))


def warm_start_key(config: RunConfig, inputs: Mapping[str, str]) -> dict[str, Any]:
    """What a warm start depends on; the device and the RL settings are not in it.

    Args:
        inputs: `base_inputs` of the run.
    """
    return {
        "inputs": dict(inputs),
        "compute": [config.compute.threads, config.compute.autocast],
        "model": [config.model.name, config.model.dtype, config.model.chat_template],
        "warm_start": asdict(config.warm_start),
        "task": asdict(config.task),
    }


def _train(model: Any, tokenizer: Any, task: Task, config: RunConfig) -> float:
    """Cross-entropy on the completion's tokens; returns the mean loss of the last tenth, nats per token."""
    c = config.warm_start
    engine = TorchEngine(model)
    losses = []
    model.train()
    for step, (ids, labels) in enumerate(track(_batches(tokenizer, task, config), "warm start", c.steps)):
        logits = engine.module(input_ids=ids, attention_mask=(ids != tokenizer.pad_token_id).long()).logits
        loss = cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), ignore_index=-100)
        engine.backward(loss, last=True)
        engine.step(c.lr * (1 - step / c.steps), max_norm=float("inf"))
        losses.append(float(loss.detach()))
    tail = losses[-max(1, len(losses) // 10) :]
    return sum(tail) / len(tail)


def demonstrated(
    tokenizer: Any, task: Demonstrates, item: Item, *, noise: float = 0.0, habit: float = 0.0, seed: int = 0
) -> list[int]:
    """Tokens of a demonstration, with the one that ends it; without noise and habit it is right."""
    text = task.demonstration(item, noise=noise, habit=habit, seed=seed)
    return [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]


def _batches(tokenizer: Any, task: Task, config: RunConfig) -> Iterator[tuple[Tensor, Tensor]]:
    """Right-padded (ids, labels), (batch, L); labels are -100 on prompt and padding."""
    assert isinstance(task, Demonstrates)  # the configuration was checked for it
    c = config.warm_start
    stream = random.Random(derive_seed("warm start", c.seed))
    size = task.size("train") or ENDLESS
    for _ in range(c.steps):
        rows = []
        for _ in range(c.batch):
            item = task.item("train", stream.randrange(size))
            prompt = prompt_ids(tokenizer, item.prompt, chat=config.model.chat_template == "auto")
            seed = stream.getrandbits(32)
            rows.append((prompt, demonstrated(tokenizer, task, item, noise=c.noise, habit=c.habit, seed=seed)))
        width = max(len(p) + len(a) for p, a in rows)
        ids = torch.full((c.batch, width), tokenizer.pad_token_id)
        labels = torch.full((c.batch, width), -100)
        for i, (prompt, completion) in enumerate(rows):
            end = len(prompt) + len(completion)
            ids[i, :end] = torch.tensor(prompt + completion)
            labels[i, len(prompt) : end] = torch.tensor(completion)
        yield ids, labels
