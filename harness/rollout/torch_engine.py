"""The reference engine: samples with the live model's own forward pass and key-value cache, in this process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from rlvr_bench.harness.rollout.text import left_padded
from rlvr_bench.harness.rollout.types import Samples, SamplingParams, TokenIds, join


class TorchRollout:
    """A prompt is read once for its whole group.  Completions that have ended leave the batch when they are
    half of it, and sampling stops when none is left.
    """

    def __init__(self, lm: Any, *, pad: int, eos: int, max_rows: int) -> None:
        """
        Args:
            lm: a causal language model of transformers, where it is to sample.
            max_rows: most completions sampled at once; bounds the memory of the cache.
        """
        self.lm, self.pad, self.eos, self.max_rows = lm, pad, eos, max_rows

    def sync(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        """Nothing to do: the module is the one that is trained."""

    def close(self) -> None:
        """Nothing to release."""

    @torch.no_grad()
    def generate(self, prompts: Sequence[TokenIds], params: SamplingParams, seed: int) -> Samples:
        device = next(self.lm.parameters()).device
        generator = torch.Generator(device).manual_seed(seed)
        size = max(1, self.max_rows // params.group_size)
        was_training = self.lm.training
        self.lm.eval()
        parts = [
            self._sample_at_once(prompts[i : i + size], params, generator, params.first + i, device)
            for i in range(0, len(prompts), size)
        ]
        self.lm.train(was_training)
        return parts[0] if len(parts) == 1 else join(parts, self.pad)

    def _sample_at_once(
        self,
        prompts: Sequence[TokenIds],
        params: SamplingParams,
        generator: torch.Generator,
        first: int,
        device: torch.device,
    ) -> Samples:
        from transformers import DynamicCache

        prompt_ids, prompt_mask = left_padded(prompts, self.pad, device)
        cache = DynamicCache(config=self.lm.config)
        positions = (prompt_mask.long().cumsum(1) - 1).clamp(min=0)
        logits = self.lm(
            input_ids=prompt_ids,
            attention_mask=None if prompt_mask.all() else prompt_mask.long(),
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]

        def repeat(tensor: Tensor) -> Tensor:
            return tensor.repeat_interleave(params.group_size, dim=0)

        if params.group_size > 1:
            cache.batch_repeat_interleave(params.group_size)
        completion_ids, lengths, truncated = self._decode(
            cache, repeat(logits), repeat(prompt_mask), params, generator, device
        )
        width = int(lengths.max())
        return Samples(
            prompt_ids=repeat(prompt_ids),
            prompt_mask=repeat(prompt_mask),
            completion_ids=completion_ids[:, :width],
            response_mask=torch.arange(width, device=device) < lengths.unsqueeze(1),
            truncated=truncated,
            group_ids=repeat(torch.arange(first, first + len(prompts), device=device)),
        )

    def _decode(
        self,
        cache: Any,
        logits: Tensor,
        prompt_mask: Tensor,
        params: SamplingParams,
        generator: torch.Generator,
        device: torch.device,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Token by token from the logits after the prompt: ids (B, max_tokens), lengths (B,), truncated (B,)."""
        total, eos = len(logits), self.eos
        ids = torch.full((total, params.max_tokens), self.pad, device=device)
        lengths = torch.full((total,), params.max_tokens, device=device)
        truncated = torch.ones(total, dtype=torch.bool, device=device)
        rows = torch.arange(total, device=device)  # which completions the batch still holds
        mask = torch.cat([prompt_mask.long(), torch.ones_like(ids)], dim=1)
        prompt_lengths = prompt_mask.sum(1)
        padded = not bool(prompt_mask.all())

        for t in range(params.max_tokens):
            if t < params.min_tokens:
                logits[:, eos] = -torch.inf
            tokens = choose(logits, params, generator)
            running = truncated[rows]
            ids[rows, t] = torch.where(running, tokens, ids[rows, t])
            ends = running & (tokens == eos)
            lengths[rows[ends]] = t + 1
            truncated[rows[ends]] = False
            running = running & ~ends
            left = int(running.sum())
            if left == 0 or t + 1 == params.max_tokens:
                break
            if 2 * left <= len(rows):
                keep = running.nonzero().squeeze(1)
                cache.batch_select_indices(keep)
                rows, tokens = rows[keep], tokens[keep]
            logits = self.lm(
                input_ids=tokens.unsqueeze(1),
                attention_mask=mask[rows, : prompt_mask.shape[1] + t + 1] if padded else None,
                position_ids=(prompt_lengths[rows] + t).unsqueeze(1),
                past_key_values=cache,
                use_cache=True,
            ).logits[:, -1]
        return ids, lengths, truncated


def choose(logits: Tensor, params: SamplingParams, generator: torch.Generator) -> Tensor:
    """The next token of each row; (B, V) -> (B,)."""
    if params.greedy:
        return logits.argmax(-1)
    probabilities = torch.softmax(logits.float() / params.temperature, dim=-1)
    return torch.multinomial(probabilities, 1, generator=generator).squeeze(1)
