"""`rlvr-bench reward-model`: the reward model that the runs then take, and what it is worth."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlvr_bench.harness.training import reward_model
from tests.harness.cli_calls import call

TOML = """
task.name = "parity"
algorithm.name = "grpo"
model = { name = "tiny:16x1" }
rollout = { prompts = 2, group_size = 2, max_tokens = 1 }
reward = { label_pairs = 60, label_prompts = 60, label_samples = 8 }
train = { steps = 1 }
evaluate = { every = 0, samples = 4 }
"""


@pytest.mark.usefixtures("empty_cache")
def test_it_is_trained_described_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.toml").write_text(TOML)
    status, text, _ = call("reward-model", str(tmp_path / "x.toml"))
    assert status == 0
    monkeypatch.setattr(reward_model, "_train", lambda *_: pytest.fail("trained again"))
    status, out, _ = call("reward-model", str(tmp_path / "x.toml"), "--json")
    facts = json.loads(out)
    assert status == 0
    assert facts["pairs"] == 60
    assert 60 <= facts["labels"] <= 120  # a completion may be in several pairs
    assert f"trained on 60 pairs (right, wrong) of {facts['labels']} labeled completions" in text
    assert f"held-out pair accuracy {facts['held_out_accuracy']:.3f} [" in text
    assert sum(row["pairs"] for row in facts["calibration"]) == facts["held_out_pairs"]
    settings = ["--set", "reward.source=learned"]
    assert call("train", str(tmp_path / "x.toml"), *settings, "--out", str(tmp_path / "run"))[0] == 0
    noisy = ["--set", "reward.false_positive_rate=0.2"]  # labels are true verdicts all the same
    assert json.loads(call("reward-model", str(tmp_path / "x.toml"), "--json", *noisy)[1]) == facts
    with pytest.raises(ValueError, match=r"reward\.label_pairs: 0"):
        call("reward-model", str(tmp_path / "x.toml"), "--set", "reward.label_pairs=0")
    summary = json.loads((tmp_path / "run/summary.json").read_text())
    assert summary["reward_model"] == facts
