"""What a run ran on: hardware, drivers, versions, threads.

The record holds no host name, user name or path: results folders are published.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

DISTRIBUTION = "rlvr-bench"


def environment(device: torch.device) -> dict[str, Any]:
    """The environment record, ready for JSON; null for what cannot be found out.

    Units: bytes; `cpu.cores` are those that this process may use, `cpu.logical` those of the machine.
    """
    import torch

    gpus, driver = nvidia_gpus()
    used = None
    if device.type == "cuda":
        used = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
    return {
        "device": {"type": device.type, "uuid": used},
        "cpu": {"model": cpu_model(), "cores": usable_cores(), "logical": os.cpu_count()},
        "threads": torch.get_num_threads(),
        "memory_bytes": memory_bytes(),
        "gpus": gpus,
        "driver": driver,
        "cuda": torch.version.cuda,
        "versions": versions(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "git": git_commit(),
    }


def cpu_model() -> str | None:
    """The processor's name; Linux has it in /proc only."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or None)


def usable_cores() -> int | None:
    """Cores that the scheduler lets this process use; all of them where the system has no such limit."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def memory_bytes() -> int:
    """Main memory, or the control group's limit (a container's) if that is less."""
    import psutil

    total = psutil.virtual_memory().total
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total


def nvidia_gpus(nvml: Any = None) -> tuple[list[dict[str, Any]], str | None]:
    """All NVIDIA GPUs of the machine as NVML lists them, and the driver's version; ([], None) without NVML.

    Args:
        nvml: used instead of `pynvml`.
    """
    # Any exception: a machine without a driver is normal, and a broken one must not end a run.
    try:
        if nvml is None:
            import pynvml as nvml
        nvml.nvmlInit()
    except Exception:
        return [], None
    try:
        driver = nvml.nvmlSystemGetDriverVersion()
        handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        return [_gpu(nvml, handle, driver) for handle in handles], driver
    except Exception:
        return [], None
    finally:
        with suppress(Exception):
            nvml.nvmlShutdown()


def _gpu(nvml: Any, handle: Any, driver: str) -> dict[str, Any]:
    major, minor = nvml.nvmlDeviceGetCudaComputeCapability(handle)
    return {
        "name": nvml.nvmlDeviceGetName(handle),
        "uuid": nvml.nvmlDeviceGetUUID(handle),
        "memory_bytes": nvml.nvmlDeviceGetMemoryInfo(handle).total,
        "driver": driver,
        "compute_capability": f"{major}.{minor}",
    }


def version(distribution: str) -> str | None:
    """Installed version, None if it is not installed; nothing is imported."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def versions() -> dict[str, str | None]:
    """Python, this package and everything that it depends on."""
    names = [DISTRIBUTION, *(name for name, _, _ in requirements() if name != DISTRIBUTION)]
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def requirements() -> Iterator[tuple[str, Any, str]]:
    """(name, version specifier, extra or "") of each declared dependency, development tools left out."""
    from packaging.requirements import Requirement

    for text in metadata.requires(DISTRIBUTION) or []:
        requirement = Requirement(text)
        extra = str(requirement.marker).partition("extra == ")[2].strip("\"'") if requirement.marker else ""
        if extra != "dev":
            yield requirement.name, requirement.specifier, extra


def git_commit() -> str | None:
    """Commit of the checkout that this code runs from, "-dirty" after it if files were changed; else None."""
    root = Path(__file__).resolve().parents[2]
    # Installed from a wheel, the nearest repository would be another project's.
    if not (root / ".git").exists() or not (root / "pyproject.toml").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None
