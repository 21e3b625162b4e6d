"""What would stop a run in its middle stops it before a model is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.runs.preflight import preflight
from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
from tests.harness.cli_calls import RUN, SUITE, main
from tests.harness.small_runs import ParityVerifier, config


def test_every_task_is_opened_once_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Watched(ParityVerifier):
        def __init__(self, missing_every: int) -> None:
            seen.append(f"open {missing_every}")

        def close(self) -> None:
            seen.append("close")

    monkeypatch.setattr("tests.harness.small_runs.ParityVerifier", Watched)
    preflight([config(), config(seed=2), config(task={"missing_every": 3})])
    assert seen == ["open 0", "close", "open 3", "close"]


def test_all_that_is_missing_is_told_at_once() -> None:
    gone = [config(task={"name": "jsonl", "path": f"nowhere-{i}.jsonl"}) for i in range(2)]
    with pytest.raises(ConfigError) as caught:
        preflight([*gone, config(reward={"components": {"style": 1.0}})])
    assert [
        next(word for word in ("nowhere-0", "nowhere-1", "style") if word in line) for line in caught.value.problems
    ]
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("command", ["run", "train", "reward-model"])
def test_no_sandbox_no_run(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rlvr_bench.harness.tasks.procedural.sort import Sort

    def unavailable(_: Any) -> Sequence[Any]:
        raise SandboxUnavailable({"landlock": "[Errno 38] no such call"})

    monkeypatch.setattr(Sort, "verifiers", unavailable)
    monkeypatch.setattr(
        "rlvr_bench.harness.training.warm_start.load_base", lambda *_, **__: pytest.fail("a model was loaded")
    )
    (tmp_path / "x.toml").write_text(SUITE if command == "run" else RUN)
    out = [] if command == "reward-model" else ["--out", str(tmp_path / "out")]
    status, err = main(monkeypatch, capsys, command, str(tmp_path / "x.toml"), *out)
    assert status == 78
    assert "Errno 38" in err
    assert not (tmp_path / "out").exists()
