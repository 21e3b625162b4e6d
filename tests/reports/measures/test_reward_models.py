"""Reward models are kept apart, and their calibration is worked by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from rlvr_bench.harness.records import PartInfo, Summary
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.reward_models import base_pass_rate, reward_models
from tests.reports.decimals import close
from tests.reports.hacking import BASE, FEW, MANY, facts
from tests.reports.measures.series import run

PART = PartInfo("p", "learning", "t", (0,))


def cell(*runs: Run, config: dict[str, Any] | None = None) -> Cell:
    return Cell(PART, "c", "label", tuple(replace(r, config=config or {}, seed=i) for i, r in enumerate(runs)))


def with_facts(*found: dict[str, Any]) -> list[Cell]:
    def one(reward_model: dict[str, Any]) -> Run:
        summary = Summary("completed", "", "p", "c", 0, "", "", 1.0, 1, reward_model=reward_model)
        return replace(run(), summary=summary)

    return [replace(cell(one(f)), label=f"cell {i}") for i, f in enumerate(found)]


def test_distinct_reward_models() -> None:
    models = reward_models(with_facts(facts(MANY), facts(FEW), json.loads(json.dumps(facts(MANY)))))
    assert [(m.pairs, m.cells) for m in models] == [(MANY, ("cell 0", "cell 2")), (FEW, ("cell 1",))]
    # many: (150 * .1 + 50 * 0) / 200; few: (150 * .3 + 50 * .2) / 200
    close([m.calibration_error or 0.0 for m in models], [0.075, 0.275])
    # Wilson at 170 of 200: center (.85 + q / 2) / (1 + q), q = 3.841459 / 200; half 1.959964 sqrt(...) / (1 + q)
    close(models[0].interval, (0.79390, 0.89280), places=4)


def test_untrained_and_untested_reward_models_are_left_out() -> None:
    assert reward_models(with_facts({"pairs": 0, "note": "untrained"}, {})) == ()
    bare = reward_models(with_facts({"pairs": 5, "held_out_pairs": 2, "held_out_accuracy": 0.5}))[0]
    assert (bare.bins, bare.calibration_error, bare.base_pass_rate) == ((), None, None)


def test_base_pass_rate() -> None:
    start = replace(run(), metrics=({"step": 0, "eval/pass@1": 0.3},))
    assert base_pass_rate([cell(start)]) == 0.3
    assert base_pass_rate(with_facts(facts(MANY))) == BASE
    assert base_pass_rate([cell(run())]) is None
