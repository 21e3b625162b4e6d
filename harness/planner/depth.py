"""From a model of three and of four layers to one of many: exact, because its layers are alike.

What is held while the operations are in layer k of L grows by equal amounts with k and with L: each layer before it has
left the same behind, and each after it will need the same.  So in every sweep over the layers (a forward pass, a
backward pass) only four pieces can hold the peak: the first layer, the last one, and the outermost of those between;
and what each holds is known from L = 3 and L = 4.  Where the layers are not alike, the model is run as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from rlvr_bench.harness.models.decoder import FAMILIES
from rlvr_bench.harness.planner.ledger import Kind, Piece

FEW = 3
Kinds = dict[Kind, int]


class Unlike(ValueError):
    """The pieces are not those of sweeps over like layers."""


def can_be_short(shape: Any) -> bool:
    """Whether all layers of a model are alike, and it has more than are run."""
    types = getattr(shape, "layer_types", None) or ["full_attention"]
    return shape.model_type in FAMILIES and len(set(types)) == 1 and shape.num_hidden_layers > FEW + 1


def shortened(shape: Any, layers: int) -> Any:
    """The same model with fewer layers."""
    short = copy.deepcopy(shape)
    if types := getattr(shape, "layer_types", None):
        short.layer_types = types[:layers]
    short.num_hidden_layers = layers
    return short


def carried_over(three: Sequence[Piece], four: Sequence[Piece], layers: int) -> Iterator[tuple[int, Kinds]]:
    """Place and bytes by kind of every piece that can hold the peak with so many layers.

    Raises:
        Unlike: the two runs do not match.
    """
    short, long = _sweeps(three, FEW), _sweeps(four, FEW + 1)
    if [len(sweep) == 1 for sweep in short] != [len(sweep) == 1 for sweep in long]:
        raise Unlike
    more = layers - FEW
    for a, b in zip(short, long, strict=True):
        if [p.place < 0 for p in a[:1]] != [p.place < 0 for p in b[:1]]:
            raise Unlike
        for first, second in ((a[0], b[0]), (a[-1], b[-1])):
            yield first.place, _line(first.kinds, second.kinds, more)
        if len(a) > 1:
            inner = _line(a[1].kinds, b[1].kinds, more)
            yield a[1].place, inner
            yield a[1].place, _sum(inner, _difference(b[2].kinds, b[1].kinds), layers - FEW)


def _sweeps(pieces: Sequence[Piece], layers: int) -> list[list[Piece]]:
    """Pieces in order: each outside of the layers alone, each pass over all layers together."""
    found: list[list[Piece]] = []
    i = 0
    while i < len(pieces):
        size = 1 if pieces[i].place < 0 else layers
        sweep = list(pieces[i : i + size])
        places = [p.place for p in sweep]
        if size > 1 and places not in (list(range(layers)), list(range(layers))[::-1]):
            raise Unlike
        found.append(sweep)
        i += size
    return found


def _line(at_three: Kinds, at_four: Kinds, more: int) -> Kinds:
    return _sum(at_three, _difference(at_four, at_three), more)


def _difference(a: Kinds, b: Kinds) -> Kinds:
    return {kind: a.get(kind, 0) - b.get(kind, 0) for kind in {*a, *b}}


def _sum(a: Kinds, b: Kinds, times: int) -> Kinds:
    return {kind: a.get(kind, 0) + times * b.get(kind, 0) for kind in {*a, *b}}
