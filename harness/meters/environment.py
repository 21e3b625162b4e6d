"""What a run ran on (`environment`), and what this machine lacks (`doctor`).

The record holds no host name, user name or path: results folders are published.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

DISTRIBUTION = "rlvr-bench"
GIB = 2**30


def environment(device: torch.device) -> dict[str, Any]:
    """The environment record, ready for JSON; null where something cannot be told.

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
    """Cores that the scheduler lets this process use; all of them where there is no such limit to ask for."""
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
        nvml: stands in for `pynvml`.
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
    # Installed from a wheel, the nearest repository would be somebody else's.
    if not (root / ".git").exists() or not (root / "pyproject.toml").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None


@dataclass(frozen=True)
class Check:
    """One line of `rlvr-bench doctor`."""

    name: str
    ok: bool | None  # None: missing, and needed by some uses only
    found: str
    remedy: str  # empty where nothing is to be done


def doctor(cache: Path | None = None) -> list[Check]:
    """What this machine has and what it lacks.

    Args:
        cache: where warm-started models are kept; `cache_root()` by default.
    """
    if cache is None:
        from rlvr_bench.harness.training.cache import cache_root

        cache = cache_root()
    return [
        _python(),
        *_torch(),
        _nvml(),
        *_dependencies(),
        _deepspeed(),
        *_sandbox(),
        *_machine(),
        *_cache(cache),
    ]


def _check(name: str, ok: bool | None, found: str, remedy: str) -> Check:
    return Check(name, ok, found, "" if ok else remedy)


def _python() -> Check:
    return _check("python", sys.version_info >= (3, 11), platform.python_version(), "install Python 3.11 or newer")


def _torch() -> Iterator[Check]:
    if version("torch") is None:
        return  # the dependency's own line says so
    import torch

    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
        yield Check("cuda", True, f"CUDA {torch.version.cuda}: {names}", "")
    elif torch.version.cuda is None:
        remedy = "with an NVIDIA GPU, install a CUDA build of torch (pytorch.org/get-started); else runs use the CPU"
        yield Check("cuda", None, "torch is a build without CUDA", remedy)
    else:
        remedy = "with an NVIDIA GPU, install its driver and check CUDA_VISIBLE_DEVICES; else runs use the CPU"
        yield Check("cuda", None, f"torch is built for CUDA {torch.version.cuda} and finds no GPU", remedy)


def _nvml() -> Check:
    gpus, driver = nvidia_gpus()
    found = f"driver {driver}: {', '.join(g['name'] for g in gpus)}" if gpus else "no NVIDIA GPU seen"
    remedy = "with an NVIDIA GPU, install its driver; else memory is the resident set and energy is not measured"
    return _check("nvml", True if gpus else None, found, remedy)


def _dependencies() -> Iterator[Check]:
    for name, specifier, extra in requirements():
        found = version(name)
        fits = found is not None and specifier.contains(found, prereleases=True)
        wanted = f"{name}{specifier}" if str(specifier) else name
        if not extra:
            yield _check(name, fits, found or "not installed", f"pip install '{wanted}'")
            continue
        remedy = f"optional: pip install '{DISTRIBUTION}[{extra}]'"
        if extra == "peers":
            remedy += " in an environment of its own (it needs other versions than ours)"
        yield _check(f"{name} ({extra})", True if fits else None, found or "not installed", remedy)


def _deepspeed() -> Check:
    found = version("deepspeed")
    remedy = "optional, for more than one GPU and for offloading: pip install deepspeed"
    return _check("deepspeed", True if found else None, found or "not installed", remedy)


def _sandbox() -> Iterator[Check]:
    from rlvr_bench.rewards.sandbox.errors import REMEDIES, SandboxUnavailable
    from rlvr_bench.rewards.sandbox.sandbox import open_sandbox
    from rlvr_bench.rewards.sandbox.tiers import DEFAULT_TIERS

    for tier in DEFAULT_TIERS:
        try:
            open_sandbox((tier,), workers=1).close()
            yield Check(f"sandbox {tier}", True, "passes its self-test", "")
        except SandboxUnavailable as error:
            remedy = f"tasks that run code need one tier: {REMEDIES[tier]}"
            yield Check(f"sandbox {tier}", None, error.failures[tier], remedy)


def _machine() -> Iterator[Check]:
    cores = usable_cores()
    yield _check("cores", bool(cores and cores >= 2), f"{cores} usable", "the shipped suites expect 2 cores or more")
    memory = memory_bytes()
    # Four models of 135 M parameters in fp32, two of them trained: 40 B a parameter is 5 GiB, and activations.
    remedy = "the systems part of suite quick needs about 8 GiB; run the learning part alone"
    yield _check("memory", memory >= 8 * GIB, f"{memory / GIB:.1f} GiB", remedy)


def _cache(folder: Path) -> Iterator[Check]:
    # The folder is made when it is first used; until then its nearest existing parent decides.
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    remedy = f"make {existing} writable, or set RLVR_BENCH_CACHE"
    yield _check("cache folder", existing.is_dir() and os.access(existing, os.W_OK), str(folder), remedy)
    free = shutil.disk_usage(existing).free
    yield _check(
        "disk for the cache", free >= 2 * GIB, f"{free / GIB:.1f} GiB free", "free 2 GiB or set RLVR_BENCH_CACHE"
    )
