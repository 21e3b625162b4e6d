"""`arch:NAME`: real architectures with random weights, for memory and speed, which do not depend on the weights.

Sizes are those of the published configurations of Qwen2.5 (arXiv:2412.15115) and SmolLM2 (arXiv:2502.02737).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rlvr_bench.harness.models.tiny import ModelError


@dataclass(frozen=True)
class Architecture:
    family: str  # a transformers model type
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    tie_word_embeddings: bool
    rope_theta: float


ARCHITECTURES = {
    "smollm2-135m": Architecture("llama", 49152, 576, 1536, 30, 9, 3, True, 1e5),
    "smollm2-360m": Architecture("llama", 49152, 960, 2560, 32, 15, 5, True, 1e5),
    "smollm2-1.7b": Architecture("llama", 49152, 2048, 8192, 24, 32, 32, True, 1.3e5),
    "qwen2.5-0.5b": Architecture("qwen2", 151936, 896, 4864, 24, 14, 2, True, 1e6),
    "qwen2.5-1.5b": Architecture("qwen2", 151936, 1536, 8960, 28, 12, 2, True, 1e6),
    "qwen2.5-3b": Architecture("qwen2", 151936, 2048, 11008, 36, 16, 2, True, 1e6),
    "qwen2.5-7b": Architecture("qwen2", 152064, 3584, 18944, 28, 28, 4, False, 1e6),
    "qwen2.5-14b": Architecture("qwen2", 152064, 5120, 13824, 48, 40, 8, False, 1e6),
    "qwen2.5-32b": Architecture("qwen2", 152064, 5120, 27648, 64, 40, 8, False, 1e6),
    "qwen2.5-72b": Architecture("qwen2", 152064, 8192, 29568, 80, 64, 8, False, 1e6),
}


def architecture_config(name: str, *, pad_token_id: int | None, eos_token_id: int | None) -> Any:
    """The transformers config of `arch:NAME`.

    Raises:
        ModelError: an architecture that is not in the table.
    """
    from transformers import AutoConfig

    key = name.removeprefix("arch:")
    if key not in ARCHITECTURES:
        raise ModelError(f"model.name: no architecture {key!r} (known: {', '.join(ARCHITECTURES)})")
    a = ARCHITECTURES[key]
    return AutoConfig.for_model(
        a.family,
        vocab_size=a.vocab_size,
        hidden_size=a.hidden_size,
        intermediate_size=a.intermediate_size,
        num_hidden_layers=a.num_hidden_layers,
        num_attention_heads=a.num_attention_heads,
        num_key_value_heads=a.num_key_value_heads,
        tie_word_embeddings=a.tie_word_embeddings,
        rope_parameters={"rope_type": "default", "rope_theta": a.rope_theta},
        max_position_embeddings=32768,
        pad_token_id=pad_token_id,
        eos_token_id=eos_token_id,
        bos_token_id=None,
    )
