"""A ledger of live bytes while torch code runs on tensors that have shapes and no data.

Floats live on the device `meta`: their operations compute shapes only, so billions of them cost nothing.  Integers and
booleans (token ids, masks, places) are real and small, because control flow depends on them: `torch.unique`, sorting
and masks give what they would give in a run.  Where the two meet, the integers are replaced by their shapes.
"""

from __future__ import annotations

import math
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

OUTSIDE = -1  # place of weights that belong to no layer
LARGE = 2**22  # numbers
META = torch.device("meta")
RESHAPING = ("resize_", "set_", "squeeze_", "unsqueeze_", "t_", "transpose_", "as_strided_", "swapaxes_", "swapdims_")
Kind = str
Classify = Callable[[Any, tuple[Any, ...], Tensor], Kind]


@dataclass(frozen=True)
class Piece:
    """Bytes by kind at the peak of the time that is spent in one layer, or at another place."""

    place: int
    kinds: dict[Kind, int]


class Ledger(TorchDispatchMode):
    """Counts the bytes of every storage that is made inside, from its making to its end, by kind.

    It cuts time where the weights that operations touch go over to another layer, and keeps the peak of each piece, so
    that what is found with few layers can be carried over to many (`depth.py`).

    Attributes:
        live: bytes by kind, now.
    """

    def __init__(self, classify: Classify, *, block: int = 1, shares: Mapping[Kind, float] | None = None) -> None:
        """
        Args:
            classify: kind of a new storage, from the operation, its arguments and the tensor on it.
            block: an allocator gives out multiples of so many bytes.
            shares: of a kind, the part that this process holds; 1 where it is not named.
        """
        super().__init__()
        self._classify, self._block, self._shares = classify, block, shares or {}
        self._held: dict[int, tuple[int, Kind]] = {}
        self._layers: dict[int, int] = {}
        self._pieces: list[Piece] = []
        self._place = OUTSIDE
        self.live: Counter[Kind] = Counter()
        self._total = self._peak = 0
        self._at_peak: Counter[Kind] = Counter()

    def know(self, tensors: Iterable[Tensor], layer: int = OUTSIDE) -> None:
        """Storages that are counted elsewhere: weights and buffers of the models, which outlive this.

        Args:
            layer: that they belong to.
        """
        self._layers |= {tensor.untyped_storage()._cdata: layer for tensor in tensors}

    def begin(self) -> None:
        """Forget what was so far."""
        self._pieces, self._place = [], OUTSIDE
        self._peak, self._at_peak = self._total, self.live.copy()

    def pieces(self) -> list[Piece]:
        """Since `begin`."""
        return [*self._pieces, Piece(self._place, dict(self._at_peak))]

    def enter(self, place: int) -> None:
        """A new piece begins, if this is another place."""
        if place != self._place:
            self._pieces.append(Piece(self._place, dict(self._at_peak)))
            self._place, self._peak, self._at_peak = place, self._total, self.live.copy()

    def rename(self, tensor: Tensor, kind: Kind) -> None:
        """What a tensor is turns out after it was made: a parameter's gradient."""
        key = tensor.untyped_storage()._cdata
        if key in self._held:
            size, before = self._held[key]
            self._held[key] = size, kind
            self._add(-size, before)
            self._add(size, kind)

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        inputs = _tensors(args)
        if kwargs:
            inputs += _tensors(kwargs.values())
        for tensor in inputs:
            layer = self._layers.get(tensor.untyped_storage()._cdata)
            if layer is not None:
                self.enter(layer)
                break
        found = _run(func, args, kwargs, inputs)
        for tensor in _tensors((found,)):
            storage = tensor.untyped_storage()
            key = storage._cdata
            if key not in self._held and key not in self._layers:
                kind, size = self._classify(func, args, tensor), -(-storage.nbytes() // self._block) * self._block
                self._held[key] = size, kind
                weakref.finalize(storage, self._drop, key)
                self._add(size, kind)
        return found

    def _add(self, size: int, kind: Kind) -> None:
        size = round(size * self._shares.get(kind, 1))
        self.live[kind] += size
        self._total += size
        if self._total > self._peak:
            self._peak, self._at_peak = self._total, self.live.copy()

    def _drop(self, key: int) -> None:
        size, kind = self._held.pop(key)
        self._add(-size, kind)


def _run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], inputs: list[Tensor]) -> Any:
    """The operation on what is real, or on shapes where any of it has no data."""
    device = kwargs.get("device")
    to_meta = device is not None and torch.device(device) == META
    if not any(tensor.is_meta for tensor in inputs) and not _is_large(inputs):
        if to_meta and inputs and not any(tensor.is_floating_point() for tensor in inputs):
            kwargs = {**kwargs, "device": torch.device("cpu")}  # integers stay real, wherever they are moved
        elif to_meta:
            args, kwargs = _shapes(args), _shapes(kwargs)
        return func(*args, **kwargs)
    if func is torch.ops.aten._local_scalar_dense.default:
        return 1.0 if inputs[0].is_floating_point() else 1
    effect = _effect(func)
    if effect == "in place":
        return inputs[0]  # its numbers do not matter, and its shape stays
    if "out" in kwargs:
        return kwargs["out"]
    if "index" in func._schema.name:
        args = tuple(_places(a) if isinstance(a, list | tuple) else a for a in args)
    if effect == "new":
        return _remembered(func, args, kwargs)
    return func(*_shapes(args), **_shapes(kwargs))


def _is_large(inputs: list[Tensor]) -> bool:
    """Whether masks of all tokens against all come in or out: control flow never depends on them."""
    most = max((tensor.ndim for tensor in inputs), default=0)
    if most < 3:
        return False
    widths = ([1] * (most - tensor.ndim) + list(tensor.shape) for tensor in inputs)
    return math.prod(map(max, zip(*widths, strict=True))) > LARGE


@cache
def _effect(func: Any) -> str:
    """`new`: only new tensors come out; `in place`: the first argument does, changed; `other`: views, resizing, ..."""
    schema = func._schema
    ends_in_place = schema.name.endswith("_") and not schema.name.endswith("__")
    if ends_in_place and schema.name.removeprefix("aten::") not in RESHAPING:
        return "in place"
    alone = all(r.alias_info is None and str(r.type) in ("Tensor", "int", "SymInt") for r in schema.returns)
    return "new" if alone and not schema.is_mutable else "other"


_MEMORY: dict[Any, Any] = {}


def _remembered(func: Any, args: Any, kwargs: Any) -> Any:
    """What the operation gave for the same shapes before: layers are alike, and torch is slow to work shapes out."""
    key = func, _signature(args), _signature(kwargs)
    if key not in _MEMORY:
        found = func(*_shapes(args), **_shapes(kwargs))
        whole = found if isinstance(found, tuple) else (found,)
        _MEMORY[key] = isinstance(found, tuple), [_form(t) if isinstance(t, Tensor) else t for t in whole]
        return found
    several, forms = _MEMORY[key]
    made = [torch.empty_strided(f[0], f[1], dtype=f[2], device=META) if isinstance(f, tuple) else f for f in forms]
    return tuple(made) if several else made[0]


def _form(tensor: Tensor) -> tuple[Any, ...]:
    return tuple(tensor.shape), tensor.stride(), tensor.dtype


def _signature(value: Any) -> Any:
    if isinstance(value, Tensor):
        return _form(value)
    if isinstance(value, list | tuple):
        return tuple(_signature(item) for item in value)
    if isinstance(value, dict):
        return tuple((key, _signature(item)) for key, item in value.items())
    return value


def _places(indices: Iterable[Any]) -> list[Any]:
    """Indices with each real mask as the integers that it stands for, which say how many elements are taken."""
    found: list[Any] = []
    for index in indices:
        if isinstance(index, Tensor) and not index.is_meta and index.dtype == torch.bool:
            found += [torch.empty(int(index.count_nonzero()), dtype=torch.long, device=META)] * index.ndim
        else:
            found.append(index)
    return found


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    """All of them, however nested in lists and tuples."""
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += _tensors(value)
    return found


def _shapes(value: Any) -> Any:
    """The same value with tensors without data instead of real ones."""
    if isinstance(value, Tensor):
        if value.is_meta:
            return value
        return torch.empty_strided(value.size(), value.stride(), dtype=value.dtype, device=META)
    if isinstance(value, list | tuple):
        return type(value)(_shapes(item) for item in value)
    if isinstance(value, dict):
        return {key: _shapes(item) for key, item in value.items()}
    return value
