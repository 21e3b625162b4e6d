"""Reading token by token with a key-value cache: by the lean decoder, or by transformers where it does not serve."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from rlvr_bench.harness.models.decoder import Decoder, KeyValues, causal_mask, is_lean, positions_of
from rlvr_bench.harness.models.heads import WideHead


class Reader(Protocol):
    """Holds the states of a batch of sequences.  Logits are float32, computed as scoring does."""

    def prompts(self, ids: Tensor, mask: Tensor, max_tokens: int) -> Tensor:
        """Read left-padded prompts, (B, P), that get at most so many tokens; logits of what follows, (B, V)."""
        ...

    def token(self, tokens: Tensor) -> Tensor:
        """Read one token more of each sequence, (B,); logits of what follows, (B, V)."""
        ...

    def take(self, rows: Tensor) -> None:
        """Go on with these sequences, in this order; one may be taken several times."""
        ...


def reader(lm: Any) -> Reader:
    """The faster of the two that serves."""
    return LeanReader(lm) if is_lean(lm.base_model) else TransformersReader(lm)


class LeanReader:
    """The lean decoder, with packed weights and buffers that are written in place."""

    def __init__(self, lm: Any) -> None:
        self.decoder, self.head = Decoder(lm.base_model, packed=True), WideHead(lm.get_output_embeddings())

    def prompts(self, ids: Tensor, mask: Tensor, max_tokens: int) -> Tensor:
        self.padded = not bool(mask.all())
        self.mask, self.positions = mask, mask.sum(1)
        positions = positions_of(mask)
        hidden, states = self.decoder(ids, positions, mask=causal_mask(mask) if self.padded else None)
        most = ids.shape[1] + max_tokens
        self.cache = [KeyValues(keys, values, most=most) for keys, values in states]
        return self.head(hidden[:, -1])

    def token(self, tokens: Tensor) -> Tensor:
        if self.padded:
            self.mask = torch.cat([self.mask, self.mask.new_ones(len(tokens), 1)], dim=1)
        hidden = self.decoder.token(tokens, self.positions, self.cache, self.mask if self.padded else None)
        self.positions = self.positions + 1
        return self.head(hidden)

    def take(self, rows: Tensor) -> None:
        self.mask, self.positions = self.mask[rows], self.positions[rows]
        for layer in self.cache:
            layer.take(rows)


class TransformersReader:
    """The model's own forward pass and cache."""

    def __init__(self, lm: Any) -> None:
        from transformers import DynamicCache

        self.backbone, self.head = lm.base_model, WideHead(lm.get_output_embeddings())
        self.cache = DynamicCache(config=lm.base_model.config)

    def prompts(self, ids: Tensor, mask: Tensor, max_tokens: int) -> Tensor:
        self.padded = not bool(mask.all())
        self.mask, self.positions = mask.long(), mask.sum(1)
        return self._read(ids, positions_of(self.mask))

    def token(self, tokens: Tensor) -> Tensor:
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(tokens), 1)], dim=1)
        logits = self._read(tokens.unsqueeze(1), self.positions.unsqueeze(1))
        self.positions = self.positions + 1
        return logits

    def _read(self, ids: Tensor, positions: Tensor) -> Tensor:
        """Read tokens behind those in the cache; logits after the last, (B, V)."""
        hidden = self.backbone(
            input_ids=ids,
            attention_mask=self.mask if self.padded else None,
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
        ).last_hidden_state
        return self.head(hidden[:, -1])

    def take(self, rows: Tensor) -> None:
        self.mask, self.positions = self.mask[rows], self.positions[rows]
        self.cache.batch_select_indices(rows)
