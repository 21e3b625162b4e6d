"""The probe of the critic in a run: what it records, and that it changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rlvr_bench.harness.records import read_metrics
from tests.harness.small_runs import config, metrics, run, same, weights

PPO: dict[str, Any] = {"algorithm": {"name": "ppo", "kl_coef": 0.0}, "train": {"critic_lr": 1e-2}}
PROBED: dict[str, Any] = {
    "measure": {"critic_steps": [0, 2], "critic_prompts": 12, "critic_states": 3, "critic_continuations": 8}
}


def test_a_run_is_the_same_with_it(tmp_path: Path) -> None:
    settings: dict[str, Any] = {**PPO, "evaluate": {"every": 1}}
    plain, probed = (run(config(**settings, **more), tmp_path / name) for name, more in (("a", {}), ("b", PROBED)))
    assert metrics(tmp_path / "a") == metrics(tmp_path / "b")
    assert same(weights(plain), weights(probed))
    assert same(weights(plain, "critic"), weights(probed, "critic"))
    assert [row["step"] for row in read_metrics(tmp_path / "b" / "values.jsonl.gz")] == [0, 2]
    assert not (tmp_path / "a" / "values.jsonl.gz").exists()


def test_what_is_recorded_of_a_state(tmp_path: Path) -> None:
    """The first token decides: before it half of the continuations are right, and behind it all or none."""
    run(config(**PPO, **PROBED), tmp_path)
    first, last = read_metrics(tmp_path / "values.jsonl.gz")
    assert (first["group_size"], first["states"], len(first["prompts"])) == (4, 3, 12)
    behind = 0
    for prompt in first["prompts"]:
        assert prompt["item"].startswith("parity/test/")
        assert prompt["position"] == list(range(prompt["length"]))
        assert set(prompt["count"]) == {8}
        assert set(prompt["value"]) == {0.0}  # a new critic
        assert 0 < prompt["mean"][0] < 1 and prompt["standard_error"][0] > 0
        for at in prompt["position"][1:]:
            assert prompt["mean"][at] == prompt["reward"] and prompt["standard_error"][at] == 0
            behind += 1
    assert behind > 12
    assert any(value != 0 for prompt in last["prompts"] for value in prompt["value"])
    rates = [prompt["mean"][0] for prompt in first["prompts"]]
    assert 0.2 < sum(rates) / len(rates) < 0.8


def test_without_a_critic_there_is_nothing_to_probe(tmp_path: Path) -> None:
    run(config(**PROBED), tmp_path)
    assert not (tmp_path / "values.jsonl.gz").exists()
