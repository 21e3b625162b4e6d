"""Sampling completions: a small engine protocol and the engine on transformers.

The engine returns tokens only.  Their log-probabilities come from `harness/score.py`, the path that every
later log-probability comes from, so that a ratio of 1 is exactly 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from rlvr_bench.algorithms.types import BatchCounts, Rollout
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.errors import UserError


class PromptError(UserError):
    """A prompt that the run cannot hold."""


@dataclass(frozen=True)
class Sampling:
    """How to sample.  `greedy` takes the likeliest token and ignores temperature and generator."""

    group_size: int
    max_tokens: int
    min_tokens: int = 0
    temperature: float = 1.0
    greedy: bool = False


@dataclass(frozen=True)
class Samples:
    """B = prompts x group_size completions, the groups together and in the order of the prompts."""

    prompt_ids: Tensor  # (B, P) left-padded
    prompt_mask: Tensor  # (B, P) bool
    completion_ids: Tensor  # (B, T) right-padded
    response_mask: Tensor  # (B, T) bool, first EOS included
    truncated: Tensor  # (B,) bool
    group_ids: Tensor  # (B,)


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


class Engine(Protocol):
    def sample(self, prompts: Sequence[str], sampling: Sampling, generator: torch.Generator) -> Samples:
        """Completions of every prompt under the current weights."""
        ...


def prompt_ids(tokenizer: Any, prompt: str, *, chat: bool) -> list[int]:
    """The tokens that the model reads before it answers.

    Args:
        chat: as the user's turn of a conversation, if the tokenizer has a template for one.
    """
    if chat and getattr(tokenizer, "chat_template", None):
        turns = [{"role": "user", "content": prompt}]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return tokenizer(text, add_special_tokens=False)["input_ids"]  # the template wrote them already
    return tokenizer(prompt, add_special_tokens=True)["input_ids"]


def encode_prompts(
    tokenizer: Any, prompts: Sequence[str], max_prompt_tokens: int, device: torch.device, *, chat: bool = False
) -> tuple[Tensor, Tensor]:
    """Left-padded ids and mask, (prompts, P).

    Raises:
        PromptError: a prompt is longer than `max_prompt_tokens`, or empty; names it.
    """
    ids = [prompt_ids(tokenizer, prompt, chat=chat) for prompt in prompts]
    for prompt, tokens in zip(prompts, ids, strict=True):
        if not 0 < len(tokens) <= max_prompt_tokens:
            raise PromptError(
                f"rollout.max_prompt_tokens: the prompt {prompt[:60]!r} has {len(tokens)} tokens, "
                f"allowed are 1 to {max_prompt_tokens}"
            )
    width = max(map(len, ids))
    padded = [[tokenizer.pad_token_id] * (width - len(tokens)) + tokens for tokens in ids]
    mask = [[False] * (width - len(tokens)) + [True] * len(tokens) for tokens in ids]
    return torch.tensor(padded, device=device), torch.tensor(mask, device=device)


class TransformersEngine:
    """Samples with the model's own forward pass and key-value cache.

    A prompt is read once for its whole group.  Completions that have ended leave the batch when they are
    half of it, and sampling stops when none is left.
    """

    def __init__(
        self,
        model: nn.Module,
        tokenizer: Any,
        *,
        max_prompt_tokens: int,
        max_rows: int,
        device: torch.device,
        chat: bool = False,
    ) -> None:
        """
        Args:
            max_rows: most completions sampled at once; bounds the memory of the cache.
            chat: prompts are turns of a conversation, where the tokenizer has a template for it.
        """
        self.model = model
        self.tokenizer = tokenizer
        self.max_prompt_tokens = max_prompt_tokens
        self.max_rows = max_rows
        self.device = device
        self.chat = chat

    @classmethod
    def of(cls, config: RunConfig, model: nn.Module, tokenizer: Any) -> TransformersEngine:
        """The engine of a run; the model is where it is to sample."""
        return cls(
            model,
            tokenizer,
            max_prompt_tokens=config.rollout.max_prompt_tokens,
            max_rows=config.max_rows,
            device=next(model.parameters()).device,
            chat=config.model.chat_template == "auto",
        )

    def sample(self, prompts: Sequence[str], sampling: Sampling, generator: torch.Generator) -> Samples:
        size = max(1, self.max_rows // sampling.group_size)
        parts = [self._sample_at_once(prompts[i : i + size], sampling, generator) for i in range(0, len(prompts), size)]
        return parts[0] if len(parts) == 1 else join(parts, self.tokenizer.pad_token_id)

    @torch.no_grad()
    def _sample_at_once(self, prompts: Sequence[str], sampling: Sampling, generator: torch.Generator) -> Samples:
        from transformers import DynamicCache

        prompt_ids, prompt_mask = encode_prompts(
            self.tokenizer, prompts, self.max_prompt_tokens, self.device, chat=self.chat
        )
        was_training = self.model.training
        self.model.eval()
        cache = DynamicCache(config=self.model.config)
        positions = (prompt_mask.long().cumsum(1) - 1).clamp(min=0)
        logits = self.model(
            input_ids=prompt_ids,
            attention_mask=None if prompt_mask.all() else prompt_mask.long(),
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]

        def repeat(tensor: Tensor) -> Tensor:
            return tensor.repeat_interleave(sampling.group_size, dim=0)

        if sampling.group_size > 1:
            cache.batch_repeat_interleave(sampling.group_size)
        completion_ids, lengths, truncated = self._decode(
            cache, repeat(logits), repeat(prompt_mask), sampling, generator
        )
        self.model.train(was_training)
        width = int(lengths.max())
        return Samples(
            prompt_ids=repeat(prompt_ids),
            prompt_mask=repeat(prompt_mask),
            completion_ids=completion_ids[:, :width],
            response_mask=torch.arange(width, device=self.device) < lengths.unsqueeze(1),
            truncated=truncated,
            group_ids=repeat(torch.arange(len(prompts), device=self.device)),
        )

    def _decode(
        self, cache: Any, logits: Tensor, prompt_mask: Tensor, sampling: Sampling, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Token by token from the logits after the prompt: ids (B, max_tokens), lengths (B,), truncated (B,)."""
        total, eos = len(logits), self.tokenizer.eos_token_id
        ids = torch.full((total, sampling.max_tokens), self.tokenizer.pad_token_id, device=self.device)
        lengths = torch.full((total,), sampling.max_tokens, device=self.device)
        truncated = torch.ones(total, dtype=torch.bool, device=self.device)
        rows = torch.arange(total, device=self.device)  # which completions the batch still holds
        mask = torch.cat([prompt_mask.long(), torch.ones_like(ids)], dim=1)
        prompt_lengths = prompt_mask.sum(1)
        padded = not bool(prompt_mask.all())

        for t in range(sampling.max_tokens):
            if t < sampling.min_tokens:
                logits[:, eos] = -torch.inf
            tokens = choose(logits, sampling, generator)
            running = truncated[rows]
            ids[rows, t] = torch.where(running, tokens, ids[rows, t])
            ends = running & (tokens == eos)
            lengths[rows[ends]] = t + 1
            truncated[rows[ends]] = False
            running = running & ~ends
            left = int(running.sum())
            if left == 0 or t + 1 == sampling.max_tokens:
                break
            if 2 * left <= len(rows):
                keep = running.nonzero().squeeze(1)
                cache.batch_select_indices(keep)
                rows, tokens = rows[keep], tokens[keep]
            logits = self.model(
                input_ids=tokens.unsqueeze(1),
                attention_mask=mask[rows, : prompt_mask.shape[1] + t + 1] if padded else None,
                position_ids=(prompt_lengths[rows] + t).unsqueeze(1),
                past_key_values=cache,
                use_cache=True,
            ).logits[:, -1]
        return ids, lengths, truncated


def choose(logits: Tensor, sampling: Sampling, generator: torch.Generator) -> Tensor:
    """The next token of each row; (B, V) -> (B,)."""
    if sampling.greedy:
        return logits.argmax(-1)
    probabilities = torch.softmax(logits.float() / sampling.temperature, dim=-1)
    return torch.multinomial(probabilities, 1, generator=generator).squeeze(1)


def join(parts: Sequence[Samples], pad: int) -> Samples:
    """Several samples as one, padded to the widest; groups keep apart."""
    prompt_width = max(p.prompt_ids.shape[1] for p in parts)
    width = max(p.completion_ids.shape[1] for p in parts)

    def left(tensor: Tensor, value: int) -> Tensor:
        return functional.pad(tensor, (prompt_width - tensor.shape[1], 0), value=value)

    def right(tensor: Tensor, value: int) -> Tensor:
        return functional.pad(tensor, (0, width - tensor.shape[1]), value=value)

    groups, first = [], 0
    for part in parts:
        groups.append(part.group_ids + first)
        first = int(groups[-1].max()) + 1
    return Samples(
        prompt_ids=torch.cat([left(p.prompt_ids, pad) for p in parts]),
        prompt_mask=torch.cat([left(p.prompt_mask, False) for p in parts]),
        completion_ids=torch.cat([right(p.completion_ids, pad) for p in parts]),
        response_mask=torch.cat([right(p.response_mask, False) for p in parts]),
        truncated=torch.cat([p.truncated for p in parts]),
        group_ids=torch.cat(groups),
    )


def decode_completions(tokenizer: Any, samples: Samples) -> list[str]:
    """Text of each completion, without EOS and padding; tags and other special tokens stay."""
    lengths = samples.response_mask.sum(1).tolist()
    rows = samples.completion_ids.tolist()
    eos = tokenizer.eos_token_id
    texts: Callable[..., list[str]] = tokenizer.batch_decode
    return texts([[token for token in row[:n] if token != eos] for row, n in zip(rows, lengths, strict=True)])
