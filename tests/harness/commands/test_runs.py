"""Runs and suites through the command line, end to end, with real child processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.records import read_json, read_metrics
from tests.harness.cli_calls import RUN, SUITE, call, main


def test_train_then_eval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`eval` finds what the run's own last evaluation found, and `--resume` refuses other settings."""
    (tmp_path / "x.toml").write_text(RUN)
    words = ("train", str(tmp_path / "x.toml"), "--out", str(tmp_path / "out"))
    status, out, _ = call(*words)
    assert (status, out.split()[0]) == (0, "completed")
    found: dict[str, Any] = json.loads(call("eval", str(tmp_path / "out"))[1])
    last = read_metrics(tmp_path / "out/metrics.jsonl")[-1]
    assert {k: v for k, v in found.items() if k.startswith("eval/")} == {
        k: v for k, v in last.items() if k.startswith("eval/")
    }
    assert (found["items"], found["samples"]) == (4, 2)
    before = (tmp_path / "out/config.json").read_bytes()
    for more, message in (([], "holds a run already"), (["--resume", "--set", "seed=9"], "other settings")):
        status, err = main(monkeypatch, capsys, *words, *more)
        assert (status, message in err) == (2, True)
    assert (tmp_path / "out/config.json").read_bytes() == before
    assert read_json(tmp_path / "out/summary.json")["status"] == "completed"


@pytest.mark.slow
def test_a_suite_with_a_cell_that_fails_still_reports(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SUITE)
    status, _, err = call("run", str(tmp_path / "s.toml"), "--out", str(tmp_path / "out"))
    assert status == 1
    summaries = {c: read_json(tmp_path / f"out/p/{c}/seed-1/summary.json") for c in ("fails", "works")}
    assert {c: s["status"] for c, s in summaries.items()} == {"fails": "failed", "works": "completed"}
    assert "PromptError: rollout.max_prompt_tokens" in summaries["fails"]["reason"]
    assert "max_prompt_tokens" in err
    assert "PromptError" in (tmp_path / "out/report/report.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(("suite", "part", "runs"), [("quick", "learning", 3), ("gpu-systems", "qwen-0-5b", 4)])
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
