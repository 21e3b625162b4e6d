"""What is measured between two steps: each at its own steps, in its own file, and in no step's cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.records import read_metrics
from tests.harness.small_runs import config, run

MANY = {"many_items": 2, "many_samples": 2}


def test_each_has_its_own_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released = []
    monkeypatch.setattr(Recorder, "release", lambda self: released.append(self))
    sizes = {"ladder_batches": 2, "ladder_oracle": 2, "critic_prompts": 2, "critic_continuations": 2}
    plain = {"algorithm": {"name": "ppo"}, "train": {"checkpoint_every": 0}}  # when one is due would depend on the time
    settings = config(**plain, measure={"ladder_steps": [0, 2], "critic_steps": [1, 2], **MANY, **sizes})
    run(settings, tmp_path / "measured")
    steps = {
        name: [row["step"] for row in read_metrics(tmp_path / "measured" / name)]
        for name in ("ladder.jsonl", "values.jsonl.gz", "many.jsonl.gz")
    }
    assert steps == {"ladder.jsonl": [0, 2], "values.jsonl.gz": [1, 2], "many.jsonl.gz": [2]}
    measured = len(released)
    run(config(**plain), tmp_path / "plain")
    assert measured == 3 + (len(released) - measured)  # once behind each of the three steps, and once as without
    costs = [
        [row.get("cost/flops") for row in read_metrics(tmp_path / name / "metrics.jsonl")]
        for name in ("measured", "plain")
    ]
    assert costs[0] == costs[1]
