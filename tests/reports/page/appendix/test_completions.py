"""Completions: the first and the last recorded step of one seed, cut and made visible."""

from __future__ import annotations

from dataclasses import replace

from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.page.appendix.completions import TEXT_LIMIT, shown_completions
from tests.reports.synthetic import LEARNING


def cell(*rows: dict) -> Cell:
    bare = Run("p", "c", 0, "completed", "", None, {}, "", {}, (), ())
    return Cell(LEARNING, "c", "label", (bare, replace(bare, seed=1, completions=rows)))


def test_two_a_step_of_the_first_seed_that_has_any() -> None:
    rows = [{"step": step, "completion": f"{step}{i}"} for step in (1, 9) for i in range(3)]
    label, shown = shown_completions([cell(*rows)])[0]
    assert label == "label"
    assert [c.completion for c in shown] == ["10", "11", "90", "91"]
    assert shown[0].where == "seed 1, step 1"


def test_what_it_earned() -> None:
    row = {
        "step": 1,
        "reward": 0.5,
        "outcome": "wrong",
        "proxy_reward": 1.23456,
        "detail": "no\nanswer",
        "held_out": True,
    }
    shown = shown_completions([cell(row)])[0][1][0]
    assert shown.judgment == "reward 0.5, outcome wrong, proxy 1.235, no answer"
    assert shown.where.endswith(", held-out item")


def test_long_and_hostile_texts() -> None:
    shown = shown_completions([cell({"step": 1, "completion": "\u202e" + "x" * 700, "target": "a\nb"})])[0][1][0]
    assert shown.completion.startswith("\\u202exx")
    assert shown.completion.endswith(f"[…{701 - TEXT_LIMIT} more characters]")
    assert shown.target == "a b"


def test_without_completions_there_is_nothing() -> None:
    assert shown_completions([cell()]) == ()
