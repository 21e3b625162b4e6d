"""`rlvr-bench doctor`: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rlvr_bench.harness.meters.environment import (
    DISTRIBUTION,
    memory_bytes,
    nvidia_gpus,
    requirements,
    usable_cores,
    version,
)
from rlvr_bench.harness.text_table import text_table

GIB = 2**30
WORDS = {True: "ok", False: "MISSING", None: "--"}


@dataclass(frozen=True)
class Check:
    """One line of the output."""

    name: str
    ok: bool | None
    """None: missing, and only some uses need it."""
    found: str
    remedy: str
    """Empty where nothing has to be done."""


def doctor(*, as_json: bool = False) -> bool:
    """Print all checks; returns whether nothing is missing that every use needs."""
    found = checks()
    print(json.dumps([asdict(check) for check in found], indent=1) if as_json else text(found))
    return all(check.ok is not False for check in found)


def text(found: list[Check]) -> str:
    """The checks as a table, and under it what helps, unwrapped so that it can be copied."""
    table = text_table(("what", "", "found"), [(check.name, WORDS[check.ok], check.found) for check in found])
    return "\n".join([table, "", *(f"{check.name}: {check.remedy}" for check in found if check.remedy)])


def checks(cache: Path | None = None) -> list[Check]:
    """What this machine has and what it lacks.

    Args:
        cache: where warm-started models are kept; `cache_root()` by default.
    """
    if cache is None:
        from rlvr_bench.harness.state.cache import cache_root

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
        remedy = (
            "with an NVIDIA GPU, install a CUDA build of torch (pytorch.org/get-started); without one, runs use the CPU"
        )
        yield Check("cuda", None, "torch is a build without CUDA", remedy)
    else:
        remedy = "with an NVIDIA GPU, install its driver and check CUDA_VISIBLE_DEVICES; without one, runs use the CPU"
        yield Check("cuda", None, f"torch is built for CUDA {torch.version.cuda} and finds no GPU", remedy)


def _nvml() -> Check:
    gpus, driver = nvidia_gpus()
    found = f"driver {driver}: {', '.join(g['name'] for g in gpus)}" if gpus else "no NVIDIA GPU seen"
    remedy = (
        "with an NVIDIA GPU, install its driver; without one, memory is the resident set and energy is not measured"
    )
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
    remedy = "optional, for runs on several GPUs and for offloading: pip install 'rlvr-bench[deepspeed]'"
    return _check("deepspeed", True if found else None, found or "not installed", remedy)


def _sandbox() -> Iterator[Check]:
    from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
    from rlvr_bench.rewards.sandbox.sandbox import open_sandbox
    from rlvr_bench.rewards.sandbox.tiers import DEFAULT_TIERS

    for tier in DEFAULT_TIERS:
        try:
            open_sandbox((tier,), workers=1).close()
            yield Check(f"sandbox {tier}", True, "passes its self-test", "")
        except SandboxUnavailable as error:
            remedy = f"tasks that run code or scorers of reasoning-gym need one tier: {error.remedies[tier]}"
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
