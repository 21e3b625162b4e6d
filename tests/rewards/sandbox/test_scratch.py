"""Scratch folders go with their owner, or with the next one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlvr_bench.rewards.sandbox.scratch import Scratch, remove_tree
from tests import data
from tests.rewards.waiting import wait_until

OWNER = """
from rlvr_bench.rewards.sandbox.sandbox import Sandbox
s = Sandbox("unsafe", workers=1)
print(s._scratch.path, flush=True)
s.call("open('left', 'w').write('x')\\nwhile True: pass", "f", [], seconds=60.0)
"""


def files(folder: str) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def test_a_killed_owner_leaves_no_folder_after_the_next_start() -> None:
    other = Scratch()  # its owner, this process, lives
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, cwd=data.ROOT)
    assert owner.stdout is not None
    with owner.stdout:
        left = owner.stdout.readline().decode().strip()
    assert os.path.dirname(left) == os.path.dirname(other.path)
    wait_until(lambda: files(left))
    owner.kill()
    owner.wait()
    wait_until(lambda: not files(left))  # the worker's last act
    Scratch().remove()
    assert not os.path.exists(left)
    assert os.path.isdir(other.path)
    other.remove()
    other.remove()
    assert not os.path.exists(other.path)


def test_folders_without_permissions_are_removed_too(tmp_path: Path) -> None:
    closed = tmp_path / "tree" / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0)
    remove_tree(str(tmp_path / "tree"))
    assert not (tmp_path / "tree").exists()


def test_a_tree_is_removed_without_a_process_and_never_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cleans up after a program that may have taken all process ids."""

    def refuse(*args: object, **options: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(os, "fork", refuse)
    (tmp_path / "tree" / "inner").mkdir(parents=True)
    (tmp_path / "tree" / "inner" / "file").touch()
    remove_tree(str(tmp_path / "tree"))
    assert not (tmp_path / "tree").exists()
    remove_tree(str(tmp_path / "tree"))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(os, "rmdir", refuse)
    (tmp_path / "kept").mkdir()
    remove_tree(str(tmp_path / "kept"))
    assert (tmp_path / "kept").exists()
