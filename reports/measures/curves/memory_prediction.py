"""The peak of a step's memory by arithmetic: a closed form for float32 on a CPU, without recomputation or adapters.

    peak = weights and optimizer states of all models + gradients of the actor + activations + logits of a micro-batch

Gradients of a model are freed after its step, and the critic has no logits, so the actor's update is the largest phase.
Per layer and token the backward pass needs 6 h + 3 f + 2 k numbers of 4 bytes (h width, f width of the gated layer, k
width of the keys: inputs of two normalizations and of four products, queries and what was attended to, gate, up and
their product, keys and values); a completion's keys and values are stored once more with its prompt's.  Logits
exist three times (as they are, as log-probabilities, as gradients), of at most CHUNK_LOGITS numbers.  Left out: what
the allocator keeps in reserve, and what the optimizer and the libraries hold for themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rlvr_bench.reports.cells.matching import one_size, setting
from rlvr_bench.reports.load import Cell

NUMBER = 4  # bytes of a float32
CHUNK_LOGITS = 2**25  # logits that exist at once, in harness/models/scoring.py
COPIES = 3  # of the logits


@dataclass(frozen=True)
class Shape:
    """Widths of a decoder."""

    vocabulary: int
    width: int
    gated: int
    layers: int
    keys: int  # width of all key heads together


SHAPES: Mapping[str, Shape] = {  # as harness/models/architectures.py has them
    "smollm2-135m": Shape(49152, 576, 1536, 30, 192),
    "smollm2-360m": Shape(49152, 960, 2560, 32, 320),
    "smollm2-1.7b": Shape(49152, 2048, 8192, 24, 2048),
    "qwen2.5-0.5b": Shape(151936, 896, 4864, 24, 128),
    "qwen2.5-1.5b": Shape(151936, 1536, 8960, 28, 256),
    "qwen2.5-3b": Shape(151936, 2048, 11008, 36, 256),
    "qwen2.5-7b": Shape(152064, 3584, 18944, 28, 512),
    "qwen2.5-14b": Shape(152064, 5120, 13824, 48, 1024),
    "qwen2.5-32b": Shape(152064, 5120, 27648, 64, 1024),
    "qwen2.5-72b": Shape(152064, 8192, 29568, 80, 1024),
}


def shape_of(name: str, parameters: int) -> Shape | None:
    """From a model's name; None where it does not say.

    Args:
        parameters: of the actor; what is left of them beside the layers is a `tiny:` model's embedding.
    """
    if match := re.fullmatch(r"tiny:(\d+)x(\d+)", name):
        width, layers = int(match[1]), int(match[2])
        in_layers = layers * (4 * width**2 + 3 * width + 12 * width**2 + 2 * width) + width
        return Shape(max(0, parameters - in_layers) // width, width, 4 * width, layers, width)
    return SHAPES.get(name.removeprefix("arch:"))


def predicted_peak(cell: Cell) -> float | None:
    """Bytes, less what was held before any model was built; None where the closed form does not apply."""
    actor = cell.roles.get("actor")
    if (
        actor is None
        or setting(cell, "model", "dtype") != "float32"
        or setting(cell, "model", "gradient_checkpointing")
        or not one_size(cell)
    ):
        return None
    shape = shape_of(str(setting(cell, "model", "name") or ""), actor.parameters)
    sizes = [setting(cell, "rollout", key) for key in ("prompts", "group_size", "max_tokens")]
    if shape is None or any(s is None for s in sizes):
        return None
    prompts, group, tokens = sizes
    resident = sum(s.weights + s.optimizer + s.buffers for s in cell.roles.values())
    rows = prompts * group // (setting(cell, "train", "minibatches") or 1)
    prompt = prompt_tokens(cell)
    if micro := setting(cell, "train", "micro_tokens"):
        rows = max(1, min(rows, micro // (prompt + tokens)))
    return resident + actor.gradients + activation_bytes(shape, rows, rows / group, prompt, tokens)


def activation_bytes(shape: Shape, completions: int, prompts: float, prompt: int, tokens: int) -> float:
    """Of one micro-batch with its logits; a group's prompt is read once."""
    in_layer = 6 * shape.width + 3 * shape.gated + 2 * shape.keys
    read = completions * tokens + prompts * prompt
    again = 2 * shape.keys * completions * prompt
    logits = COPIES * min(completions * tokens * shape.vocabulary, CHUNK_LOGITS)
    return NUMBER * (shape.layers * (in_layer * read + again) + logits)


def prompt_tokens(cell: Cell) -> int:
    """Of the longest recorded prompt, for models that read characters; 0 where none was recorded."""
    return max((len(str(row.get("prompt", ""))) for r in cell.runs for row in r.completions), default=0)
