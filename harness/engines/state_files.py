"""Nested states as safetensors and JSON: nothing is unpickled, so a file of a stranger's can do nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from rlvr_bench.harness.records import RoleStates, disk, read_json, write_json
from rlvr_bench.harness.records.disk import DiskError


def trained_state(module: nn.Module) -> dict[str, Tensor]:
    """A module's state dict without the parameters that are frozen, which training leaves as they are."""
    frozen = _frozen(module)
    return {name: tensor for name, tensor in module.state_dict().items() if name not in frozen}


def load_trained(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Put a `trained_state` back.  Raises RuntimeError where it is not that of such a module."""
    missing, unexpected = module.load_state_dict(state, strict=False)
    missing = sorted(set(missing) - _frozen(module))
    if missing or unexpected:
        raise RuntimeError(f"weights of another model: missing {missing}, unexpected {sorted(unexpected)}")


def _frozen(module: nn.Module) -> set[str]:
    return {name for name, p in module.named_parameters(remove_duplicate=False) if not p.requires_grad}


WEIGHTS = "weights"


def save_trained(folder: Path, weights: Mapping[str, Tensor], optimizer: Any, states: RoleStates | None) -> None:
    """Write what an engine goes on from.

    Args:
        states: bytes as they were at the first optimizer step, if there was one.
    """
    with disk.naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
    save_states(dict(weights), folder / WEIGHTS)
    save_states(optimizer, folder / "optimizer")
    write_json(folder / "states.json", {"states": asdict(states) if states else None})


def saved_states(folder: Path) -> RoleStates | None:
    """The bytes that `save_trained` wrote."""
    states = read_json(folder / "states.json")["states"]
    return RoleStates(**states) if states else None


def save_states(value: Any, path: Path) -> None:
    """Write PATH.safetensors with the tensors of a nested value and PATH.json with the rest.

    Args:
        value: dicts, lists and tuples of tensors, numbers, strings, booleans and None.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    tensors: dict[str, Tensor] = {}
    names: dict[Any, str] = {}  # one tensor under two names (tied weights) is written once

    def plain(value: Any) -> Any:
        if isinstance(value, Tensor):
            same = (value.data_ptr(), value.shape, value.stride(), value.dtype) if value.numel() else object()
            if same not in names:
                names[same] = f"t{len(tensors)}"
                tensors[names[same]] = value.detach().contiguous()
            return {"tensor": names[same]}
        if isinstance(value, Mapping):
            return {"pairs": [[key, plain(one)] for key, one in value.items()]}
        if isinstance(value, list | tuple):
            return {"list" if isinstance(value, list) else "tuple": [plain(one) for one in value]}
        return value

    write_json(path.with_suffix(".json"), plain(value))
    try:
        save_file(tensors, path.with_suffix(".safetensors"))
    except SafetensorError as error:  # what it makes of a full disk
        raise DiskError(f"{path}.safetensors: {error}; free some space, then go on with --resume") from None


def load_states(path: Path) -> Any:
    """What `save_states` wrote."""
    from safetensors.torch import load_file

    tensors = load_file(path.with_suffix(".safetensors"))

    def nested(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        ((kind, inside),) = value.items()
        if kind == "tensor":
            return tensors[inside]
        if kind == "pairs":
            return {key: nested(one) for key, one in inside}
        found = [nested(one) for one in inside]
        return found if kind == "list" else tuple(found)

    return nested(read_json(path.with_suffix(".json")))
