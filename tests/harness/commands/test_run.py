"""`rlvr-bench run`: what it records about itself, and whole suites with real child processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.commands import report
from rlvr_bench.harness.commands import run as module
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import read_json
from tests.harness.cli_calls import SUITE, call


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What `run` hands on to the display and to the report; nothing is trained.  The suite is s.toml."""
    seen: list[Any] = []

    def pretended(out: Path, planned: Any, **options: Any) -> int:
        seen.append((out, [run.folder for run in planned], options))
        return 1

    monkeypatch.chdir(tmp_path)
    Path("s.toml").write_text(SUITE)
    monkeypatch.setattr(module, "run_with_display", pretended)
    monkeypatch.setattr(report, "report", seen.append)
    return seen


def test_options_reach_the_runs_and_the_recorded_command(calls: list[Any]) -> None:
    words = ["--jobs", "3", "--devices", "0, GPU-a", "--part", "p", "--set", "train.lr=0.5", "--out", "out"]
    assert call("run", "s.toml", *words)[0] == 1
    out = Path("out")
    assert calls == [
        (out, ["p/fails/seed-1", "p/works/seed-1"], {"jobs": 3, "devices": ("0", "GPU-a"), "executor": None}),
        out,
    ]
    assert read_json(out / "suite.json")["command"] == (
        "rlvr-bench run s.toml --part p --set train.lr=0.5 --jobs 3 --devices '0, GPU-a'"
    )


def test_by_default_nothing_is_said_about_jobs_and_the_folder_is_a_fresh_one(calls: list[Any]) -> None:
    call("run", "s.toml", "--dry")
    out, _, options = calls[0]
    assert options == {"jobs": None, "devices": (), "executor": None}
    assert str(out).startswith("runs/two-dry-")
    assert read_json(out / "suite.json")["command"] == "rlvr-bench run s.toml --dry"


@pytest.mark.parametrize("devices", ["", "0,", "1,1", ","])
def test_devices_that_are_no_list_of_gpus_are_refused(devices: str, calls: list[Any]) -> None:
    with pytest.raises(ConfigError, match="--devices"):
        call("run", "s.toml", "--devices", devices)
    assert call("run", "s.toml", "--jobs", "0")[0] == 2
    assert calls == []


def test_a_scheduler_is_opened_with_its_settings_and_recorded(
    calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(module, "open_executor", lambda *given: opened.append(given) or "the cluster")
    words = ["--executor", "slurm", "--executor-set", "gpus=1", "--executor-set", "partition=big"]
    # The machine that submits needs no GPU.
    assert call("run", "s.toml", *words, "--set", "model.device=cuda", "--out", "out")[0] == 1
    assert opened == [("slurm", Path("out"), ["gpus=1", "partition=big"])]
    assert calls[0][2] == {"jobs": None, "devices": (), "executor": "the cluster"}
    assert read_json(Path("out/suite.json"))["command"] == (
        f"rlvr-bench run s.toml --set model.device=cuda {' '.join(words)}"
    )


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--executor-set", "gpus=1"], "--executor-set: is for --executor slurm or ray"),
        (["--executor", "ray", "--jobs", "2", "--devices", "0"], "--jobs, --devices: of this machine only"),
    ],
)
def test_options_of_another_executor_are_refused(words: list[str], named: str, calls: list[Any]) -> None:
    with pytest.raises(ConfigError, match=named):
        call("run", "s.toml", *words)
    assert call("run", "s.toml", "--executor", "kubernetes")[0] == 2
    assert calls == []


def test_resuming_needs_a_folder(calls: list[Any]) -> None:
    with pytest.raises(ConfigError, match="--resume: give --out"):
        call("run", "s.toml", "--resume")
    assert calls == []


@pytest.mark.slow
def test_a_suite_with_a_run_that_fails_still_reports(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SUITE)
    status, _, err = call("run", str(tmp_path / "s.toml"), "--out", str(tmp_path / "out"))
    assert status == 1
    summaries = {c: read_json(tmp_path / f"out/p/{c}/seed-1/summary.json") for c in ("fails", "works")}
    assert {c: s["status"] for c, s in summaries.items()} == {"fails": "failed", "works": "completed"}
    reason = summaries["fails"]["reason"]
    assert "reward.label_pairs" in reason
    assert reason in err
    assert "the base model's" in (tmp_path / "out/report/report.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(("suite", "part", "runs"), [("quick", "learning", 4), ("gpu-systems", "qwen-0-5b", 4)])
def test_a_dry_suite_end_to_end(suite: str, part: str, runs: int, tmp_path: Path) -> None:
    """Shipped suites, their children and their report in little time: warm start, evaluation, bf16 with masters."""
    status, out, _ = call("run", suite, "--dry", "--part", part, "--out", str(tmp_path / "out"))
    assert status == 0
    page = tmp_path / "out/report/report.html"
    assert out.rstrip().endswith(str(page))
    assert page.stat().st_size > 10_000
    manifest = read_json(tmp_path / "out/suite.json")
    assert manifest["command"] == f"rlvr-bench run {suite} --dry --part {part}"
    assert len(manifest["runs"]) == runs
