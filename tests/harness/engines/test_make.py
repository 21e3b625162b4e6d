"""Which roles get an engine."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

from rlvr_bench.harness.config.schema import EngineConfig
from rlvr_bench.harness.engines.deepspeed import engine
from rlvr_bench.harness.engines.make import make_engines
from rlvr_bench.harness.engines.processes import Processes
from rlvr_bench.harness.engines.torch_engine import TorchEngine


def models() -> dict[Any, nn.Module]:
    return {role: nn.Linear(1, 1) for role in ("actor", "reference", "critic", "reward")}


def test_actor_and_critic_are_trained() -> None:
    made = make_engines(models(), EngineConfig(), Processes())
    assert list(made) == ["actor", "critic"]
    assert all(isinstance(one, TorchEngine) for one in made.values())


@pytest.mark.parametrize(("stage", "dealt"), [(2, 0), (3, 2)])
def test_frozen_models_are_dealt_out_at_stage_3(stage: Any, dealt: int, monkeypatch: pytest.MonkeyPatch) -> None:
    out: list[nn.Module] = []
    monkeypatch.setattr(engine, "deal_out", lambda model, choice: out.append(model))
    monkeypatch.setattr(engine, "DeepSpeedEngine", lambda model, choice, processes: (model, processes))
    held, pair = models(), Processes(1, 2)
    made: Any = make_engines(held, EngineConfig("deepspeed", stage), pair)
    assert made == {role: (held[role], pair) for role in ("actor", "critic")}
    assert out == [held["reference"], held["reward"]][:dealt]
