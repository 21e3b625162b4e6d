"""Which tokens end a completion, decided here for sampling, scoring and text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rlvr_bench.harness.models.tiny import ModelError

FORBIDDEN = -1e9  # as a logit: probability 0, but finite, because 0 times a log-probability of -inf would be NaN


def end_ids(lm: Any, tokenizer: Any) -> tuple[int, ...]:
    """The ids that end a completion, sorted: all that generation config, model config and tokenizer name.

    An instruction-tuned model often has two, of a turn and of a text, and the tokenizer knows only one of them.

    Raises:
        ModelError: nobody names one: a completion could not end.
    """
    sources = (lm.generation_config, lm.config, lm.config.get_text_config(), tokenizer)
    return named_ends(sources, vocabulary_of(lm))


def vocabulary_of(lm: Any) -> int:
    """Ids that the model can give."""
    return lm.get_output_embeddings().weight.shape[0]


def named_ends(sources: Sequence[Any], vocabulary: int) -> tuple[int, ...]:
    """The ids that any of them names, sorted.

    Args:
        sources: each is an id, a list of ids, or has an `eos_token_id`.
        vocabulary: ids that the model has; a tokenizer's class may add a token of its own behind them.
    Raises:
        ModelError: none does.
    """
    named = [getattr(source, "eos_token_id", source) for source in sources]
    lists = [each if isinstance(each, list | tuple) else [each] for each in named]
    known = sorted({i for each in lists for i in each if isinstance(i, int) and 0 <= i < vocabulary})
    if not known:
        raise ModelError(
            "model.name: neither the generation config, nor the model's config, nor the tokenizer names a token that "
            "ends a completion; set eos_token_id in generation_config.json"
        )
    return tuple(known)


def is_end(ids: Tensor, ends: Tensor) -> Tensor:
    """Where ids, of any shape, are one of the ends (E,)."""
    return (ids.unsqueeze(-1) == ends).any(-1)


def forbid(logits: Tensor, ends: Sequence[int] | Tensor, where: Tensor) -> Tensor:
    """The logits (N, V) themselves, changed in place: in the rows of `where` (N,) no end has any probability."""
    index = torch.as_tensor(ends, device=logits.device)
    return logits.index_copy_(1, index, torch.where(where.unsqueeze(1), FORBIDDEN, logits[:, index]))
