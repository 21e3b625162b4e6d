"""Engines that train one model, behind one protocol (`types.py`); `train.engine` names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlvr_bench.harness.engines.types import TrainEngineFactory

TRAIN_ENGINES = ("torch",)


def train_engine(name: str) -> TrainEngineFactory:
    """The engine of a name among TRAIN_ENGINES; what it is made of is imported here and not before."""
    if name == "torch":
        from rlvr_bench.harness.engines.torch_engine import TorchEngine

        return TorchEngine
    raise ValueError(f"no train engine {name!r}; there are {', '.join(TRAIN_ENGINES)}")
