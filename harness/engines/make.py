"""The engines of a run, one for each role that is trained."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from rlvr_bench.algorithms.types import Role
from rlvr_bench.harness.config.schema import EngineConfig
from rlvr_bench.harness.engines.processes import Processes
from rlvr_bench.harness.engines.types import TrainEngine
from rlvr_bench.harness.models.roles import TRAINED


def make_engines(
    models: Mapping[Role, nn.Module], choice: EngineConfig, processes: Processes
) -> dict[Role, TrainEngine]:
    """Of the models that are trained; at DeepSpeed's stage 3 the others are dealt out to the processes as well.

    What an engine is made of is imported here and not before.
    """
    trained: dict[Role, nn.Module] = {role: model for role, model in models.items() if role in TRAINED}
    if choice.name == "torch":
        from rlvr_bench.harness.engines.torch_engine import TorchEngine

        return {role: TorchEngine(model) for role, model in trained.items()}
    from rlvr_bench.harness.engines.deepspeed.engine import DeepSpeedEngine, deal_out

    for role, model in models.items():
        if choice.stage == 3 and role not in TRAINED:
            deal_out(model, choice)
    return {role: DeepSpeedEngine(model, choice, processes) for role, model in trained.items()}
