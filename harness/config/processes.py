"""Settings of what trains, and of how many processes it is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

_STRICT = ConfigDict(extra="forbid", strict=True)
Positive = Annotated[int, Field(ge=1)]


@dataclass(frozen=True, config=_STRICT)
class EngineConfig:
    name: str = "torch"
    """Which engine trains: `torch` trains in one process, `deepspeed` in `launch.processes` of them."""
    stage: Literal[0, 1, 2, 3] = 2
    """What ZeRO deals out to the processes: 0 nothing, 1 optimizer states, 2 also gradients, 3 also weights."""
    offload: Literal["none", "optimizer", "all"] = "none"
    """What DeepSpeed keeps in CPU memory: `optimizer` the masters and optimizer states (stages 1 to 3), `all` the
    weights too (stage 3)."""


def named(engine: Any) -> Any:
    """`engine = "torch"` is short for the table."""
    return {"name": engine} if isinstance(engine, str) else engine


@dataclass(frozen=True, config=_STRICT)
class LaunchConfig:
    processes: Positive = 1
    """Processes that train a run together, of all nodes; each has a GPU of its own where there are GPUs."""
