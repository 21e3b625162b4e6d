"""`rlvr-bench train`: one run in this process, its exit status, and what may be resumed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import Log, read_evaluations, read_json, write_json
from rlvr_bench.harness.records.lines import evaluation_line
from rlvr_bench.harness.training import warm_start
from tests.harness.cli_calls import RUN, call

NEVER_RIGHT = ("--set", "reward.source=learned", "--set", "reward.label_pairs=1", "--set", "reward.label_prompts=4")


@pytest.fixture
def toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run's file, in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("x.toml").write_text(RUN)
    return "x.toml"


def test_a_run_is_recorded_and_resumed_with_its_own_settings_only(toml: str) -> None:
    status, out, _ = call("train", toml, "--out", "out")
    ended, base, last = out.splitlines()
    assert (status, ended.split()) == (0, ["completed", "out"])
    assert base.startswith("base model   pass@1 0.") and last.startswith("step 2       pass@1 0.")
    config, before = Path("out/config.json"), read_json(Path("out/config.json"))
    with pytest.raises(ConfigError, match="holds a run already; add --resume"):
        call("train", toml, "--out", "out")
    with pytest.raises(ConfigError, match="holds a run with other settings"):
        call("train", toml, "--out", "out", "--resume", "--set", "seed=9")
    assert read_json(config) == before
    evaluations = Path("out/evaluations.jsonl.gz")
    later = replace(read_evaluations(evaluations)[-1], step=9)  # of a step after the checkpoint
    Log(evaluations).append([evaluation_line(later)])
    whole = evaluations.read_bytes()
    status, out, _ = call("train", toml, "--out", "out", "--resume")
    assert (status, out) == (0, "completed before; nothing is left to do  out\n") and evaluations.read_bytes() == whole
    killed = read_json(Path("out/summary.json")) | {"status": "killed"}
    write_json(Path("out/summary.json"), killed)
    assert call("train", toml, "--out", "out", "--resume")[0] == 0
    summary = read_json(Path("out/summary.json"))
    assert (summary["steps_done"], summary["resumed"]) == (2, 1)
    assert [one.step for one in read_evaluations(evaluations)] == [0, 2]


def test_a_run_that_fails_says_why_and_exits_with_1(toml: str) -> None:
    status, out, _ = call("train", toml, *NEVER_RIGHT)
    assert status == 1
    (ended,) = [line for line in out.splitlines() if line.startswith("failed: ")]
    assert "reward.label_pairs" in ended
    (folder,) = Path("runs").iterdir()
    assert folder.name.startswith("x-")
    assert ended.split()[-1] == str(folder)


@pytest.mark.usefixtures("empty_cache")
def test_what_runs_share_is_made_in_another_process(toml: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So what it reserves is in no phase of this run."""
    monkeypatch.setattr(warm_start, "_train", lambda *_: pytest.fail("made in this process"))
    warm = ("--set", "warm_start.steps=2", "--set", "warm_start.batch=4")
    status, out, _ = call("train", toml, "--out", "out", *warm)
    assert (status, out.splitlines()[:2]) == (0, ["making 1 warm start, shared by the runs", "completed  out"])
    assert call("train", toml, "--out", "again", *warm)[1].splitlines()[0] == "completed  again"


def test_resuming_needs_a_run(toml: str) -> None:
    with pytest.raises(ConfigError, match="--resume: give --out"):
        call("train", toml, "--resume")
    with pytest.raises(ConfigError, match="nowhere: there is no run to resume; leave --resume out"):
        call("train", toml, "--resume", "--out", "nowhere")
