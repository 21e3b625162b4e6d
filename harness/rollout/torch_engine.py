"""The reference engine: samples with the live model's own weights, in this process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from rlvr_bench.harness.models.ends import forbid, is_end
from rlvr_bench.harness.models.precision import Autocast, autocast
from rlvr_bench.harness.rollout.draw import choose, uniforms
from rlvr_bench.harness.rollout.reading import Reader, reader
from rlvr_bench.harness.rollout.text import left_padded
from rlvr_bench.harness.rollout.types import Samples, SamplingParams, TokenIds, join

CHECK_EVERY = 8  # tokens between two looks at who has ended, where a look makes the processor wait for the device


class TorchRollout:
    """A prompt is read once for its whole group, and with `share` so is every beginning that siblings have in common.

    A token of a completion depends on its prompt, its seed and its place alone, so sharing changes no sample.
    Completions that have ended leave the batch when they are half of it.
    """

    def __init__(
        self,
        lm: Any,
        *,
        pad: int,
        ends: Sequence[int],
        max_rows: int,
        share: bool = True,
        precision: Autocast = "off",
        with_logprobs: bool = False,
    ) -> None:
        """
        Args:
            lm: a causal language model of transformers, where it is to sample.
            ends: ids that end a completion, one or more; see `ends.end_ids`.
            max_rows: most completions sampled at once; bounds the memory of the cache.
            with_logprobs: keep the log-probability of each sampled token.
        """
        self.lm, self.pad, self.ends, self.max_rows = lm, pad, tuple(ends), max_rows
        self.share, self.with_logprobs = share, with_logprobs
        self.precision: Autocast = precision

    def sync(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        """Nothing to do: the module is the one that is trained."""

    def close(self) -> None:
        """Nothing to release."""

    @torch.no_grad()
    def generate(self, prompts: Sequence[TokenIds], params: SamplingParams, seed: int) -> Samples:
        device = next(self.lm.parameters()).device
        group = params.group_size
        uniform = uniforms(len(prompts) * group, params.max_tokens, seed, device, first=params.first * group)
        size = max(1, self.max_rows // group)
        was_training = self.lm.training
        self.lm.eval()
        with autocast(device, self.precision):
            parts = [
                self._at_once(prompts[i : i + size], params, uniform[i * group : (i + size) * group], params.first + i)
                for i in range(0, len(prompts), size)
            ]
        self.lm.train(was_training)
        return parts[0] if len(parts) == 1 else join(parts, self.pad)

    def _at_once(self, prompts: Sequence[TokenIds], params: SamplingParams, uniform: Tensor, first: int) -> Samples:
        device = uniform.device
        prompt_ids, prompt_mask = left_padded(prompts, self.pad, device)
        ids, logprobs, read = self._decode(prompt_ids, prompt_mask, params, uniform)
        ends = is_end(ids, torch.tensor(self.ends, device=device))
        truncated = ~ends.any(1)
        lengths = torch.where(truncated, params.max_tokens, ends.long().argmax(1) + 1)
        width = int(lengths.max())
        mask = torch.arange(width, device=device) < lengths.unsqueeze(1)

        def repeat(tensor: Tensor) -> Tensor:
            return tensor.repeat_interleave(params.group_size, dim=0)

        return Samples(
            prompt_ids=repeat(prompt_ids),
            prompt_mask=repeat(prompt_mask),
            completion_ids=ids[:, :width].masked_fill(~mask, self.pad),
            response_mask=mask,
            truncated=truncated,
            group_ids=repeat(torch.arange(first, first + len(prompts), device=device)),
            tokens_read=read,
            logprobs=logprobs[:, :width] * mask if self.with_logprobs else None,
        )

    def _decode(
        self, prompt_ids: Tensor, prompt_mask: Tensor, params: SamplingParams, uniform: Tensor
    ) -> tuple[Tensor, Tensor, int]:
        """Token by token: ids and log-probabilities, (B, max_tokens), and how many tokens were read for it.

        Rows end at their first end; what stands behind it is arbitrary.
        """
        device = uniform.device
        ids = torch.full(uniform.shape, self.pad, device=device)
        logprobs = torch.zeros(uniform.shape, device=device)
        rows = torch.arange(len(uniform), device=device)  # completions that go on
        owner = rows // params.group_size  # the state that each is in
        ends, early = torch.tensor(self.ends, device=device), torch.ones(1, dtype=torch.bool, device=device)
        states, read, looked = reader(self.lm), 0, 0
        logits = states.prompts(prompt_ids, prompt_mask, params.max_tokens)
        for t in range(params.max_tokens):
            if t < params.min_tokens:
                logits = forbid(logits, ends, early)
            tokens, scores = self.draw_tokens(logits, owner, uniform[rows, t], params)
            ids[rows, t] = tokens
            if scores is not None:
                logprobs[rows, t] = scores
            if t + 1 == params.max_tokens:
                break
            if t >= params.min_tokens and _is_time_to_look(device, t - looked):
                going_on = ~is_end(ids[rows, looked : t + 1], ends).any(1)
                rows, owner, tokens, looked = rows[going_on], owner[going_on], tokens[going_on], t + 1
                if len(rows) == 0:
                    break
            owner, tokens, used = self.next_states(states, len(logits), owner, tokens)
            logits = states.token(tokens)
            read += used
        return ids, logprobs, read

    def draw_tokens(
        self, logits: Tensor, owner: Tensor, uniform: Tensor, params: SamplingParams
    ) -> tuple[Tensor, Tensor | None]:
        """The next token of each completion, and its log-probability as scoring would give it."""
        if params.greedy:
            tokens = logits.argmax(-1)[owner]
        else:
            tokens = choose(logits, owner, uniform, temperature=params.temperature)
        if not self.with_logprobs:
            return tokens, None
        scaled = logits / params.temperature
        table = scaled - scaled.logsumexp(-1, keepdim=True)
        return tokens, table[owner, tokens]

    def next_states(self, states: Reader, count: int, owner: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor, int]:
        """Give each continuation a state: the state of each completion, the token that each state reads, and how many
        states somebody is in.

        With sharing, completions in one state with one token stay in one.  A state's first continuation takes its
        place; further ones are copies behind the others.  States that nobody is in are read on, with any token, until
        they are half of all.
        """
        if self.share:
            width = int(tokens.max()) + 1
            pairs, index = torch.unique(owner * width + tokens, return_inverse=True)
            parents, tokens = pairs // width, pairs % width
        else:
            parents, index = owner, torch.arange(len(owner), device=owner.device)
        if 2 * len(parents) <= count:
            states.take(parents)
            return index, tokens, len(parents)
        is_first = torch.ones_like(parents, dtype=torch.bool)
        is_first[1:] = parents[1:] != parents[:-1]
        further = parents[~is_first]
        place = parents.clone()
        place[~is_first] = count + torch.arange(len(further), device=owner.device)
        if len(further):
            states.take(torch.cat([torch.arange(count, device=owner.device), further]))
        read = torch.full((count + len(further),), self.pad, device=owner.device)
        read[place] = tokens
        return place[index], read, len(parents)


def _is_time_to_look(device: torch.device, since: int) -> bool:
    """Whether to look at who has ended: at every token where that is free, else every CHECK_EVERY tokens."""
    return device.type == "cpu" or since >= CHECK_EVERY
