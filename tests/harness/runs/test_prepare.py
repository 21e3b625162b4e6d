"""Models that runs share are made once, before the first run, and a run finds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.runs import prepare
from rlvr_bench.harness.runs.slots import Slot
from rlvr_bench.harness.training import warm_start
from tests.harness.small_runs import config, run

WARM: dict[str, Any] = {"task": {"name": "sort"}, "warm_start": {"steps": 2, "batch": 4}}
PRETRAINED: dict[str, Any] = {"critic_pretrain_steps": 1, "critic_pretrain_batch": 2}
LEARNED: dict[str, Any] = {"source": "learned", "label_pairs": 4}


@pytest.mark.usefixtures("empty_cache")
def test_each_model_once() -> None:
    seeds = [config(**WARM, seed=s) for s in (1, 2)]
    ppo = config(**WARM, algorithm={"name": "ppo"}, reward=LEARNED)
    other = config(**{**WARM, "warm_start": {"steps": 3, "batch": 4}})
    valued = [config(**WARM, algorithm={"name": name}, train=PRETRAINED) for name in ("ppo", "grpo")]
    both = config(**WARM, algorithm={"name": "ppo"}, reward=LEARNED, train=PRETRAINED)
    found = prepare.missing([*seeds, ppo, other, *valued, both, config()])
    assert [(model.kind, model.config) for model in found] == [
        ("warm start", seeds[0]), ("warm start", other), ("reward model", ppo), ("critic", valued[0]), ("critic", both)
    ]  # fmt: skip
    names = [model.name for model in found]
    assert [model.made_from for model in found] == [
        frozenset(), frozenset(), {names[0]}, {names[0]}, {names[0], names[2]}
    ]  # fmt: skip


@pytest.mark.usefixtures("empty_cache")
def test_one_ceiling_for_all_base_models_of_a_task() -> None:
    habits = [
        config(**{**WARM, "warm_start": {"steps": 2, "batch": 4, "habit": 0.5, "seed": seed}}, measure=measure)
        for measure in ({"base_items": 1, "base_ceiling": True}, {"base_items": 0, "base_ceiling": True})
        for seed in (1, 2)
    ]
    found = [model.config.warm_start for model in prepare.missing(habits)]
    assert [(c.seed, c.habit, c.noise) for c in found] == [(0, 0.0, 0.0), (1, 0.5, 0.4), (2, 0.5, 0.4)]


@pytest.mark.usefixtures("empty_cache")
def test_what_was_made_is_found_and_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, lines = config(**WARM), []
    prepare.prepare([settings], [Slot()], notice=lines.append)
    assert lines == ["making 1 warm start, shared by the runs"]
    assert prepare.missing([settings]) == []
    prepare.prepare([settings], [Slot()], notice=lines.append)
    assert len(lines) == 1
    monkeypatch.setattr(warm_start, "_train", lambda *_: pytest.fail("trained again"))
    run(settings, tmp_path / "run")


@pytest.mark.slow
@pytest.mark.usefixtures("empty_cache")
def test_what_cannot_be_made_is_said_and_left_to_the_run() -> None:
    settings: RunConfig = config(**WARM, reward={**LEARNED, "label_pairs": 200})  # the base model is never right
    lines: list[str] = []
    prepare.prepare([settings], [Slot()], notice=lines.append)
    assert lines[-1].startswith("a reward model could not be made: ")
    assert "reward.label_pairs: 200 asked for" in lines[-1]
