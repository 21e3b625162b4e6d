"""Reading completions: log-probabilities, entropies and values of their tokens, in bounded memory.

The same functions score the rollout (no grad) and compute the loss (grad), for every model and algorithm.
Hidden states are taken at completion positions only, and logits exist for one chunk of tokens at a time, so
no float32 (B, T, V) tensor is ever whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers import DynamicCache

from rlvr_bench.algorithms.ops import token_logprobs_and_entropy
from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.models.decoder import Decoder, causal_mask, is_lean, positions_of
from rlvr_bench.harness.models.ends import forbid
from rlvr_bench.harness.models.heads import WideHead

CHUNK_LOGITS = 2**25  # logits in one chunk: 128 MiB in float32
Entropy = Literal["grad", "detached", "off"]


def micro_batches(rollout: Rollout, micro_tokens: int) -> Iterator[Tensor]:
    """Row indices in parts of at most `micro_tokens` tokens, padding included, and at least one row each.

    Groups stay together, so that their prompts are read once, and those with the longest completions come first, so
    that there is little padding to the right.
    """
    rows, prompt = len(rollout.rewards), rollout.prompt_ids.shape[1]
    device = rollout.rewards.device
    if rows * width_of(rollout) <= micro_tokens:
        yield torch.arange(rows, device=device)
        return
    lengths, groups = rollout.response_mask.sum(1).tolist(), rollout.group_ids.tolist()
    longest: dict[int, int] = {}
    for group, length in zip(groups, lengths, strict=True):
        longest[group] = max(length, longest.get(group, 0))
    order = sorted(range(rows), key=lambda i: (-longest[groups[i]], groups[i], i))
    while order:
        size = max(1, micro_tokens // (prompt + max(1, longest[groups[order[0]]])))
        yield torch.tensor(order[:size], device=device)
        order = order[size:]


def part_of(rollout: Rollout, rows: Tensor) -> Rollout:
    """The given rows, without the columns that are padding in all of them."""
    part = rollout.select(rows)
    width = max(1, int(part.response_mask.sum(1).max()))
    wide = {f.name: v for f in fields(part) if isinstance(v := getattr(part, f.name), Tensor) and v.ndim == 2}
    return replace(part, **{name: v[:, :width] for name, v in wide.items() if "prompt" not in name})  # type: ignore[arg-type]


def width_of(rollout: Rollout) -> int:
    """Tokens per row, prompt and completion with padding."""
    return rollout.prompt_ids.shape[1] + rollout.completion_ids.shape[1]


@torch.no_grad()
def score_rollout(
    function: Callable[[Rollout], Tensor],
    rollout: Rollout,
    micro_tokens: int,
    most: Callable[[int], int] | None = None,
) -> Tensor:
    """`function` over micro-batches of the rollout: (B, T), zero where masked, or (B,).

    Args:
        most: the largest of the numbers that all processes give it, where a model is dealt out to several: each of
            them calls it as often as the others.
    """
    scores: Tensor | None = None
    parts = list(micro_batches(rollout, micro_tokens))
    for _ in range(most(len(parts)) - len(parts) if most else 0):
        function(part_of(rollout, parts[-1][:1]))
    for rows in parts:
        found = function(part_of(rollout, rows))
        if scores is None:
            shape = rollout.response_mask.shape[: found.ndim]
            scores = torch.zeros(shape, dtype=found.dtype, device=found.device)
        if found.ndim == 1:
            scores[rows] = found
        else:
            scores[rows, : found.shape[1]] = found
    assert scores is not None, "a rollout without rows"
    return scores


def distinct(rollout: Rollout) -> tuple[Rollout, Tensor]:
    """The completions of each prompt that differ, and for each row its place among them.

    What a model says of equal completions is equal: it is computed once, and gradients add up in it.
    """
    lengths = rollout.response_mask.sum(1, keepdim=True)
    key = torch.cat([rollout.group_ids.unsqueeze(1), lengths, rollout.completion_ids], dim=1)
    kinds, index = torch.unique(key, dim=0, return_inverse=True)
    return rollout.select(_first(index, len(kinds))), index


def _first(index: Tensor, kinds: int) -> Tensor:
    """The first row of each kind."""
    rows = torch.arange(len(index), device=index.device)
    return rows.new_full((kinds,), len(index)).scatter_reduce(0, index, rows, "amin")


class Positions(NamedTuple):
    """How many tokens were read, of prompts and of completions."""

    prompt: int = 0
    completion: int = 0


def positions_read(rollout: Rollout, *, prompts_once: bool, after_last: bool) -> Positions:
    """Tokens that go through a model when it reads these completions, padding left out.

    Args:
        after_last: the last token of each completion is read as well, as in `hidden_states`.
    """
    prompt = rollout.prompt_mask
    if prompts_once:
        groups, owner = torch.unique(rollout.group_ids, return_inverse=True)
        prompt = prompt[_first(owner, len(groups))]
    # Padded on the right: without the first column, each completion has one token less.
    completion = rollout.response_mask if after_last else rollout.response_mask[:, 1:]
    return Positions(int(prompt.sum()), int(completion.sum()))


def recomputes(backbone: Any) -> bool:
    """Whether its activations are recomputed in the backward pass (gradient checkpointing).

    It depends on the configuration and not on whether this role is trained: actor and reference must take one path, for
    weights that are equal to give log-probabilities that are.  Some families keep the flag on a module further down.
    """
    return any(vars(module).get("gradient_checkpointing") for module in backbone.modules())


def reads_whole(backbone: Any) -> bool:
    """Whether prompts are read again with each completion: recomputation cannot go through a cache, and weights that
    are dealt out to processes (ZeRO-3) are gathered once for a pass, in the same order by all."""
    return recomputes(backbone) or hasattr(next(backbone.parameters()), "ds_id")


def hidden_states(backbone: Any, rollout: Rollout, *, after_last: bool) -> Tensor:  # (B, T or T+1, H)
    """States in which each completion token was chosen; with `after_last` also the one after the last.

    The prompt of a group is read once, as in sampling: its keys and values are repeated for its completions, and
    gradients add up in it.
    """
    completion = rollout.completion_ids if after_last else rollout.completion_ids[:, :-1]
    if reads_whole(backbone):
        return _whole_sequences(backbone, rollout, completion)
    groups, owner = torch.unique(rollout.group_ids, return_inverse=True)
    first = _first(owner, len(groups))
    read = _lean if is_lean(backbone) else _cached
    after_prompt, hidden = read(backbone, rollout.prompt_ids[first], rollout.prompt_mask[first], completion, owner)
    return torch.cat([after_prompt.index_select(0, owner), hidden], dim=1)


def _lean(
    backbone: Any, prompt_ids: Tensor, prompt_mask: Tensor, completion: Tensor, owner: Tensor
) -> tuple[Tensor, Tensor]:
    """States after the prompts, (prompts, 1, H), and after each completion token, (B, T, H)."""
    decoder = Decoder(backbone)
    padded = not bool(prompt_mask.all())
    positions = positions_of(prompt_mask)
    hidden, states = decoder(prompt_ids, positions, mask=causal_mask(prompt_mask) if padded else None)
    after_prompt, (rows, width) = hidden[:, -1:], completion.shape
    if width == 0:
        return after_prompt, hidden.new_zeros(rows, 0, hidden.shape[-1])
    # What is padded on the right comes after all that is read: only padding on the left has to be masked.
    seen = prompt_mask[owner] if padded else prompt_mask.new_ones(1, prompt_mask.shape[1])
    among = torch.ones(width, width, dtype=torch.bool, device=completion.device).tril()
    mask = torch.cat([part.expand(len(seen), width, -1) for part in (seen.unsqueeze(1), among.unsqueeze(0))], dim=2)
    hidden, _ = decoder(
        completion,
        prompt_mask.sum(1)[owner].unsqueeze(1) + torch.arange(width, device=completion.device),
        past=[(keys.index_select(0, owner), values.index_select(0, owner)) for keys, values in states],
        mask=mask.unsqueeze(1),
    )
    return after_prompt, hidden


def _cached(
    backbone: Any, prompt_ids: Tensor, prompt_mask: Tensor, completion: Tensor, owner: Tensor
) -> tuple[Tensor, Tensor]:
    """The same by transformers' own forward pass and cache."""
    mask = functional.pad(prompt_mask[owner], (0, completion.shape[1]), value=True).long()
    padded = not bool(prompt_mask.all())
    cache = DynamicCache(config=backbone.config)
    hidden = backbone(
        input_ids=prompt_ids,
        attention_mask=prompt_mask.long() if padded else None,
        position_ids=positions_of(prompt_mask),
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state
    after_prompt = hidden[:, -1:]
    if completion.shape[1] == 0:
        return after_prompt, hidden.new_zeros(*completion.shape, hidden.shape[-1])
    cache.batch_select_indices(owner)
    hidden = backbone(
        input_ids=completion,
        attention_mask=mask if padded else None,
        position_ids=positions_of(mask)[:, prompt_ids.shape[1] :],
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state
    return after_prompt, hidden


def _whole_sequences(backbone: Any, rollout: Rollout, completion: Tensor) -> Tensor:
    """The same in one pass without a cache."""
    mask = functional.pad(rollout.prompt_mask, (0, completion.shape[1]), value=True).long()
    hidden = backbone(
        input_ids=torch.cat([rollout.prompt_ids, completion], dim=1),
        attention_mask=None if rollout.prompt_mask.all() else mask,
        position_ids=positions_of(mask),
        use_cache=False,
    ).last_hidden_state
    return hidden[:, rollout.prompt_ids.shape[1] - 1 :]


def scatter(values: Tensor, mask: Tensor) -> Tensor:  # (N,) -> (B, T), zero where masked
    """The values of the tokens where `mask` holds, at their places."""
    return torch.zeros(mask.shape, dtype=values.dtype, device=values.device).masked_scatter(mask, values)


def token_scores(
    head: Any,
    states: Tensor,
    tokens: Tensor,
    early: Tensor | None = None,
    *,
    temperature: float,
    entropy: Entropy,
    ends: Sequence[int] = (),
) -> tuple[Tensor, Tensor]:
    """Log-probability of each token and entropy of its distribution, (N,) each, from the states before it (N, H).

    Logits are float32: bfloat16 weights of the head are copied once a call, see `heads.WideHead`.

    Args:
        early: (N,) bool, where none of `ends` could be sampled; None where everything could.
    """
    score = {"grad": token_logprobs_and_entropy, "detached": _detached_entropy, "off": _no_entropy}[entropy]
    wide = WideHead(head)

    def chunk(states: Tensor, tokens: Tensor, early: Tensor | None = None) -> tuple[Tensor, Tensor]:
        logits = wide(states)
        if early is not None:
            logits = forbid(logits, ends, early)
        return score(logits / temperature, tokens)

    limit = CHUNK_LOGITS * (8 if states.is_cuda else 1)  # a GPU has the room, and each chunk is recomputed
    size = max(1, limit // head.weight.shape[0])
    given = (states, tokens) if early is None else (states, tokens, early)
    if len(tokens) <= size:
        return chunk(*given)
    chunks = zip(*(tensor.split(size) for tensor in given), strict=True)
    if torch.is_grad_enabled():
        # Recomputing a chunk's logits in the backward pass costs one output-embedding product more and
        # keeps one chunk alive instead of all.
        parts: list[Any] = [checkpoint(chunk, *c, use_reentrant=False) for c in chunks]
    else:
        parts = [chunk(*c) for c in chunks]
    return torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])


def _no_entropy(logits: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
    logprobs = torch.log_softmax(logits, dim=-1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return logprobs, torch.zeros_like(logprobs)


def _detached_entropy(logits: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
    table = torch.log_softmax(logits, dim=-1)
    known = table.detach()
    return table.gather(-1, tokens.unsqueeze(-1)).squeeze(-1), -(known.exp() * known).sum(-1)
