"""Writes that are whole or not at all; a full disk is named and harms nothing before."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlvr_bench.harness.records import Log, disk, read_json, read_metrics, write_json
from rlvr_bench.harness.records.disk import DiskError
from rlvr_bench.harness.runs.process import run_here
from tests.harness.small_runs import config
from tests.harness.state.kills import prepared


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_named_and_earlier_lines_are_whole(small_disk: Path) -> None:
    log = Log(small_disk / "metrics.jsonl")
    row = {"step": 1, "text": "x" * 3000}

    def fill() -> None:
        for _ in range(100):
            log.append([row])

    with pytest.raises(DiskError, match=r"metrics\.jsonl: No space left on device; free some space, then go on with"):
        fill()
    assert log.lines >= 15
    assert read_metrics(log.path) == [row] * log.lines
    assert Log(log.path).torn == 0


def test_a_full_disk_leaves_the_old_file(small_disk: Path) -> None:
    write_json(small_disk / "summary.json", {"a": 1})
    before = (small_disk / "summary.json").read_bytes()
    with pytest.raises(DiskError, match=r"summary\.json: No space left on device"):
        write_json(small_disk / "summary.json", {"a": "x" * 100_000})
    assert (small_disk / "summary.json").read_bytes() == before
    assert [path.name for path in small_disk.iterdir()] == ["summary.json"]


def test_a_short_write_is_cut_off_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    disk.append(path, b"first\n")
    monkeypatch.setattr(disk, "_write", lambda file, data: file.write(data[: len(data) // 2]))
    with pytest.raises(DiskError, match="No space left"):
        disk.append(path, b"second\n")
    assert path.read_bytes() == b"first\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_not_ours_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DiskError, match="you may not write there: choose another folder"):
        disk.write_whole(tmp_path / "a", b"")


def test_cut_and_sync_of_what_is_not_there(tmp_path: Path) -> None:
    disk.cut(tmp_path / "none", 0)
    disk.sync(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_full_disk_under_a_checkpoint_leaves_the_earlier_one_and_a_run_says_why(small_disk: Path) -> None:
    settings = config(train={"steps": 9, "checkpoint_every": 1}, evaluate={"every": 1})
    folder = prepared(small_disk / "run", settings)
    summary, _ = run_here(folder)
    assert summary.status == "failed"
    assert "No space left" in summary.reason and "free some space" in summary.reason
    assert read_json(folder / "summary.json")["status"] == "failed"
    assert len(read_metrics(folder / "metrics.jsonl")) >= 1
    assert not list(folder.glob("checkpoints/.*"))
