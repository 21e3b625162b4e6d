"""The adversarial corpus: every row as expected, in each tier, in any order, and nothing is left."""

from __future__ import annotations

import contextlib
import json
import os
import random
from pathlib import Path
from typing import Any

import psutil
import pytest

from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.format import Format
from rlvr_bench.rewards.math.verifier import MathVerifier
from rlvr_bench.rewards.sandbox.tiers import Tier
from rlvr_bench.rewards.score_file import score_lines
from tests import data
from tests.rewards import soak
from tests.rewards.sandboxes import TIERS, open_tested

FOLDERS = ("/tmp", "/dev/shm", os.getcwd())


def entries() -> set[str]:
    """What lies in the places where something could be left.

    Without scratch folders and canaries: those of tests in other processes come and go.
    """
    found = {
        f"{folder}/{name}" for folder in FOLDERS for name in os.listdir(folder) if "rlvr" in name or "PWNED" in name
    }
    return {path for path in found if "rlvr-scratch-" not in path and "rlvr-canary-" not in path}


def verifiers(tier: Tier) -> dict[str, Any]:
    open_tested(tier, workers=1).close()  # skips where the tier does not hold
    return {
        "math": lambda: MathVerifier(workers=2),
        "code": lambda: CodeVerifier(tiers=(tier,), workers=2, time_limit_s=1.5),
        "format": Format,
    }


@pytest.mark.parametrize("file", data.files("adversarial.jsonl"))
@pytest.mark.parametrize("tier", TIERS)
def test_every_row_scores_as_expected_and_leaves_nothing(tier: Tier, file: Path) -> None:
    rows = data.rows(file) * 2
    random.Random(0).shuffle(rows)
    kinds = verifiers(tier)
    me = psutil.Process()
    lying = entries()
    before = me.num_fds(), {child.pid for child in me.children(recursive=True)}, me.num_threads()
    scored = [item.row or {} for item in score_lines([json.dumps(row) for row in rows], kinds)]
    assert [
        (row["id"], row["why"], row["outcome"], row["detail"]) for row in scored if row["reward"] != row["expected"]
    ] == []
    assert [row["id"] for row in rows] == [row["id"] for row in scored]
    assert not [row["no_file"] for row in rows if "no_file" in row and Path(row["no_file"]).exists()]
    assert entries() <= lying
    assert before == (me.num_fds(), {child.pid for child in me.children(recursive=True)}, me.num_threads())


def hostile_then_good(tier: Tier, hostile: int, good: int) -> None:
    with contextlib.closing(CodeVerifier(tiers=(tier,), workers=2, memory_bytes=256 << 20)) as verifier:
        with soak.killer(verifier, 0.3):
            verdicts = verifier.verify(soak.hostile(hostile), [soak.ADD] * hostile, [0.5] * hostile)
        assert verifier.retries > 0
        assert {0.0} >= {verdict.reward for verdict in verdicts if verdict.outcome != "infra"}
        assert {"pass"} == {verdict.outcome for verdict in verifier.verify(soak.good(good), [soak.ADD] * good)}
    scratch = verifier.sandbox._scratch
    assert scratch is None or not os.path.exists(scratch.path)


@pytest.mark.parametrize("tier", TIERS)
def test_good_completions_pass_after_hostile_ones(tier: Tier) -> None:
    open_tested(tier, workers=1).close()
    before = entries()
    hostile_then_good(tier, 16, 50)
    assert entries() <= before


@pytest.mark.soak
@pytest.mark.parametrize("tier", TIERS)
def test_a_thousand_good_ones_pass_after_two_hundred_hostile_ones(tier: Tier) -> None:
    open_tested(tier, workers=1).close()
    hostile_then_good(tier, 200, 1000)


@pytest.mark.soak
@pytest.mark.parametrize("tier", TIERS)
def test_soak(tier: Tier, capsys: pytest.CaptureFixture[str]) -> None:
    """Memory, descriptors and processes stay flat; RLVR_BENCH_SOAK_S sets the seconds (600 for the record)."""
    open_tested(tier, workers=1).close()
    seconds = float(os.environ.get("RLVR_BENCH_SOAK_S", "20"))
    with contextlib.closing(CodeVerifier(tiers=(tier,), workers=2, memory_bytes=256 << 20)) as verifier:
        with capsys.disabled():
            problems = soak.soak(verifier, seconds, bad=18, right=100)
        assert problems == []
