"""The environment record."""

from __future__ import annotations

import getpass
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from rlvr_bench.harness.meters import environment as module
from rlvr_bench.harness.meters.environment import environment, nvidia_gpus

GPU_UUID = "GPU-8d4c"


class Nvml:
    """A machine with one GPU."""

    def nvmlInit(self) -> None: ...
    def nvmlShutdown(self) -> None: ...
    def nvmlSystemGetDriverVersion(self) -> str:
        return "580.1"

    def nvmlDeviceGetCount(self) -> int:
        return 1

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetName(self, handle: int) -> str:
        return "NVIDIA H200"

    def nvmlDeviceGetUUID(self, handle: int) -> str:
        return GPU_UUID

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(total=150_000_000_000)

    def nvmlDeviceGetCudaComputeCapability(self, handle: int) -> tuple[int, int]:
        return 9, 0


class BrokenNvml(Nvml):
    def nvmlDeviceGetName(self, handle: int) -> str:
        raise OSError("GPU is lost")


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)


@pytest.mark.usefixtures("no_gpu")
def test_record_on_a_cpu() -> None:
    record = environment(torch.device("cpu"))
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert (record["gpus"], record["driver"]) == ([], None)
    assert record["device"] == {"type": "cpu", "uuid": None}
    assert record["threads"] == torch.get_num_threads()
    assert record["versions"]["torch"] == torch.__version__
    assert record["versions"]["python"] == platform.python_version()
    assert {"rlvr-bench", "transformers", "datasets", "evaluate", "numpy"} <= record["versions"].keys()
    assert "pytest" not in record["versions"]
    assert record["cpu"]["cores"] >= 1
    assert record["memory_bytes"] > 2**28


@pytest.mark.usefixtures("no_gpu")
def test_record_names_no_host_user_or_path() -> None:
    text = json.dumps(environment(torch.device("cpu")))
    assert str(Path.home()) not in text
    assert os.getcwd() not in text
    words = text.replace('"', " ").replace(",", " ").split()
    assert platform.node() not in words
    assert getpass.getuser() not in words


def test_gpus() -> None:
    gpu = {
        "name": "NVIDIA H200",
        "uuid": GPU_UUID,
        "memory_bytes": 150_000_000_000,
        "driver": "580.1",
        "compute_capability": "9.0",
    }
    assert nvidia_gpus(Nvml()) == ([gpu], "580.1")
    assert nvidia_gpus(BrokenNvml()) == ([], None)


def test_used_cores_follow_the_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 2, 5}, raising=False)
    assert module.usable_cores() == 3


def test_commit_only_in_our_own_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "__file__", str(tmp_path / "harness" / "meters" / "environment.py"))
    assert module.git_commit() is None
    (tmp_path / "pyproject.toml").touch()
    git: Any = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "one", "--no-verify"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert module.git_commit() == head
    (tmp_path / "pyproject.toml").write_text("changed")
    assert module.git_commit() == f"{head}-dirty"


def test_importing_it_does_not_import_torch() -> None:
    code = "import sys, rlvr_bench.harness.meters.environment; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
