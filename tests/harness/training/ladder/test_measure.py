"""The ladder in a run: what it records, and that it changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.rewards.types import wrong
from tests.harness.small_runs import config, metrics, run, same, weights

LADDER: dict[str, Any] = {"measure": {"ladder_steps": [0, 2], "ladder_batches": 3, "ladder_oracle": 4}}


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "ladder.jsonl").read_text().splitlines()]


def test_a_run_is_the_same_with_it(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"algorithm": {"name": "ppo", "kl_coef": 0.1}, "evaluate": {"every": 1}}
    plain, measured = (run(config(**settings, **more), tmp_path / name) for name, more in (("a", {}), ("b", LADDER)))
    assert metrics(tmp_path / "a") == metrics(tmp_path / "b")
    assert same(weights(plain), weights(measured))
    assert same(weights(plain, "critic"), weights(measured, "critic"))
    assert [row["step"] for row in rows(tmp_path / "b")] == [0, 2]
    assert not (tmp_path / "a" / "ladder.jsonl").exists()


def test_rungs(tmp_path: Path) -> None:
    """With groups of one size, leaving one out stretches the group mean by G / (G - 1) and changes no direction."""
    run(config(algorithm={"name": "ppo"}, **LADDER), tmp_path)
    for row in rows(tmp_path):
        found = row["rungs"]
        assert set(found) >= {"none", "critic", "oracle"} and len(found) == 7
        one, other = found["leave one out"], found["group mean"]
        assert one["cosines"] == pytest.approx(other["cosines"], abs=1e-4)
        assert one["scale"] == pytest.approx(4 / 3 * other["scale"], rel=1e-4)
        assert one["variance"] == pytest.approx(other["variance"], rel=1e-3)
        assert all(len(rung["cosines"]) == 3 and rung["variance"] > 0 for rung in found.values())
        assert row["completions"] == 16 and 0 < row["pass_rate"] < 1
    first, last = (row["rungs"] for row in rows(tmp_path))
    assert first["critic"]["cosines"] == pytest.approx(first["none"]["cosines"], abs=1e-5)  # a new critic says 0
    assert last["critic"]["cosines"] != pytest.approx(last["none"]["cosines"], abs=1e-5)


def test_missing_verdicts_are_left_out_and_without_a_critic_there_is_no_such_rung(tmp_path: Path) -> None:
    run(config(task={"missing_every": 7}, reward={"max_masked": 0.5}, **LADDER), tmp_path)
    assert all("critic" not in row["rungs"] and row["rungs"] for row in rows(tmp_path))


def test_a_policy_that_is_always_wrong_has_no_rungs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.harness.small_runs.PASS", wrong())
    run(config(**LADDER), tmp_path)
    assert [(row["step"], row["pass_rate"], row["rungs"]) for row in rows(tmp_path)] == [(0, 0.0, {}), (2, 0.0, {})]
