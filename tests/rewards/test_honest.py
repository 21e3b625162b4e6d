"""Honest but unusual programs earn what a plain interpreter would give them, in each tier and in any order."""

from __future__ import annotations

import contextlib
import random

import pytest

from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.sandbox.tiers import Tier
from tests import data
from tests.rewards.sandboxes import TIERS, open_tested

ROWS = data.rows(data.SAMPLES / "honest.jsonl")


@pytest.mark.parametrize("tier", TIERS)
def test_every_program_earns_what_a_plain_interpreter_gives_it(tier: Tier) -> None:
    open_tested(tier, workers=1).close()  # skips where the tier does not hold
    rows = ROWS * 2
    random.Random(0).shuffle(rows)
    with contextlib.closing(CodeVerifier(tiers=(tier,), workers=2)) as verifier:
        verdicts = verifier.verify([row["completion"] for row in rows], [row["target"] for row in rows])
    assert {
        (row["id"], row["why"], verdict.outcome, verdict.detail)
        for row, verdict in zip(rows, verdicts, strict=True)
        if verdict.reward != row["expected"]
    } == set()


def test_the_programs_are_of_both_kinds_and_differ() -> None:
    assert len({row["completion"] + str(row["target"]) for row in ROWS}) == len(ROWS) >= 150
    assert {row["target"]["type"] for row in ROWS} == {"call", "stdio"}
    assert sum(row["expected"] == 0.0 for row in ROWS) >= 25
