"""The worker inside: its scratch folder is emptied, capped, and never another's."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from rlvr_bench.rewards.sandbox import tiers
from rlvr_bench.rewards.sandbox.sandbox import Sandbox
from rlvr_bench.rewards.workers.pool import Worker, WorkerDied
from tests.rewards.sandboxes import reported


def test_files_of_one_completion_are_gone_for_the_next(sandbox: Sandbox) -> None:
    deep = "for _ in range(1500):\n    os.mkdir('d', 0o700)\n    os.chdir('d')\nos.mkdir('d', 0)\nreturn 1"
    deaths = sandbox.pool.deaths
    assert reported(sandbox, deep) in ('{"values": [1]}', "")  # nothing where the cap came first
    assert reported(sandbox, "return os.listdir('.')") == '{"values": [[]]}'
    assert deaths == sandbox.pool.deaths


def test_filling_the_disk_fails_inside(sandbox: Sandbox) -> None:
    fill = "import time\nwritten = 0\ntry:\n    for i in range(100):\n        with open(f'f{i}', 'wb') as file:\n"
    fill += "            for _ in range(7):\n                written += file.write(bytes(1 << 20))\n"
    fill += f"            time.sleep(0.02)\nexcept OSError:\n    pass\nreturn written <= {tiers.SCRATCH_BYTES}"
    assert reported(sandbox, fill) in ('{"values": [true]}', "")  # full, or killed
    assert reported(sandbox, "return os.listdir('.')") == '{"values": [[]]}'


@pytest.mark.parametrize(
    "fill",
    [
        "import mmap\nfor i in range(9):\n    with open(f'm{i}', 'w+b') as file:\n        file.truncate(8 << 20)\n"
        "        mmap.mmap(file.fileno(), 8 << 20)[:] = bytes(8 << 20)",
        "for i in range(3000): open(f'e{i}', 'w').close()",
        "for i in range(3000): os.mkdir(f'e{i}')",
        "os.mkdir('closed', 0o300)\nos.chdir('closed')\nfor i in range(3000): open(f'e{i}', 'w').close()",
        "for i in range(30):\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)",
    ],
    ids=["mapped", "files", "folders", "unlistable", "deep"],
)
def test_a_scratch_folder_over_its_cap_ends_the_completion(sandbox: Sandbox, fill: str) -> None:
    code = f"import os, time\n{fill}\ntime.sleep(60)\ndef f(): return 1"
    reply = sandbox.call(code, "f", [], seconds=10.0)
    # A file system with a cap of its own may come first: writing to a mapping then is a bus error.
    assert reply.end == "output_limit" or reply.status == -signal.SIGBUS
    assert reported(sandbox, "return os.listdir('.')") == '{"values": [[]]}'


def test_a_scratch_folder_below_its_cap_ends_nothing(sandbox: Sandbox) -> None:
    body = "for i in range(900): open(f'e{i}', 'w').close()\nopen('x', 'wb').write(bytes(7 << 20))\n"
    assert reported(sandbox, body + "import time; time.sleep(0.1)\nreturn 1") == '{"values": [1]}'


def test_a_worker_refuses_a_scratch_folder_that_is_not_its_own(tmp_path: Path) -> None:
    """It would empty it."""
    (tmp_path / "keep").write_text("x")
    launch = tiers.launch("landlock", memory_bytes=256 << 20, scratch=str(tmp_path))
    with pytest.raises(WorkerDied, match="not empty"):
        Worker(launch)
    assert (tmp_path / "keep").read_text() == "x"
