"""Prompts to tokens and completions to text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.rollout.types import Samples, TokenIds


class PromptError(UserError):
    """A prompt that the run cannot hold."""


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


def encode_prompts(tokenizer: Any, prompts: Sequence[str], config: RunConfig) -> list[list[int]]:
    """The tokens of each prompt.

    Raises:
        PromptError: a prompt is longer than `rollout.max_prompt_tokens`, or empty; names it.
    """
    limit, encoded = config.rollout.max_prompt_tokens, []
    for prompt in prompts:
        tokens = prompt_ids(tokenizer, prompt, chat=config.model.chat_template == "auto")
        if not 0 < len(tokens) <= limit:
            raise PromptError(
                f"rollout.max_prompt_tokens: the prompt {prompt[:60]!r} has {len(tokens)} tokens, "
                f"allowed are 1 to {limit}"
            )
        encoded.append(tokens)
    return encoded


def left_padded(prompts: Sequence[TokenIds], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Ids and mask, (prompts, P)."""
    width = max(map(len, prompts))
    ids = [[pad] * (width - len(tokens)) + list(tokens) for tokens in prompts]
    mask = [[False] * (width - len(tokens)) + [True] * len(tokens) for tokens in prompts]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def decode_completions(tokenizer: Any, samples: Samples) -> list[str]:
    """Text of each completion, without the token that ended it and padding; tags and other special tokens stay.

    Only the last token of a completion that was not cut off is such a token, whichever it is.
    """
    lengths = (samples.response_mask.sum(1) - (~samples.truncated).long()).tolist()
    texts: Callable[..., list[str]] = tokenizer.batch_decode
    return texts([row[:n] for row, n in zip(samples.completion_ids.tolist(), lengths, strict=True)])
