"""Sentences about where and how long a study ran, and how to do it again; all from its records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from statistics import median
from typing import Any

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.environments import FIELDS, show
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Study

LIBRARIES = ("python", "torch", "transformers", "numpy", "scipy", "rlvr-bench")  # of the many that are recorded


def machines(study: Study) -> list[str]:
    """One sentence for each distinct environment, with the parts that ran in it."""
    found: dict[str, dict[str, None]] = {}
    for run in study.runs:
        for environment in (run.environment, *run.later_environments):
            if environment:
                found.setdefault(_machine(environment), {})[one_line(run.part)] = None
    if len(found) == 1:
        return [f"All runs were made on {next(iter(found))}."]
    return [f"{', '.join(names)}: {machine}." for machine, names in found.items()]


def _machine(environment: Mapping[str, Any]) -> str:
    gpus, cpu, memory = FIELDS["GPUs"](environment), FIELDS["CPU"](environment), environment.get("memory_bytes")
    cores, threads, driver = (environment.get(name) for name in ("cpu", "threads", "driver"))
    logical = cores.get("logical") if isinstance(cores, Mapping) else None
    versions = environment.get("versions")
    libraries = versions if isinstance(versions, Mapping) else {}
    told = [
        f"{len(gpus)} x {show(gpus[0])}" if gpus else "",
        f"a processor {show(cpu)}" if cpu else "",
        f"{logical} logical processors" if logical else "",
        f"{numbers.size(memory)} of memory" if isinstance(memory, (int, float)) else "",
        f"driver {show(driver)}" if driver else "",
        f"{numbers.count(int(threads), 'thread')} a run" if threads else "",
        show(environment.get("platform")) if environment.get("platform") else "",
        *(f"{name} {libraries[name]}" for name in LIBRARIES if libraries.get(name)),
    ]
    return one_line(", ".join(filter(None, told)))


def time_taken(study: Study) -> list[str]:
    """How long the runs took, and what became of those that did not finish."""
    seconds = [run.summary.wall_seconds for run in study.runs if run.summary]
    done = sum(run.finished for run in study.runs)
    text = [f"{done} of {numbers.count(len(study.runs), 'planned run')} finished."]
    states = Counter(run.state for run in study.runs if run.state != "completed")
    if states:
        text.append(f"Others: {', '.join(f'{state} {n}' for state, n in sorted(states.items()))}.")
    if seconds:
        text.append(
            f"Added up they took {numbers.number(sum(seconds) / 3600)} hours of wall clock, a run "
            f"{numbers.number(median(seconds) / 60)} minutes (median); the study was begun on "
            f"{study.manifest.created_at[:10]}."
        )
    return text


def reproduction(study: Study) -> list[str]:
    """The command, the version and the hash of what was named beforehand."""
    manifest = study.manifest
    commits = sorted({str(run.environment["git"]) for run in study.runs if run.environment.get("git")})
    return [
        f"The study was made with rlvr-bench {one_line(manifest.version)}.",
        f"Command: {one_line(manifest.command)}." if manifest.command else "",
        f"Code: {'commit' if len(commits) == 1 else 'commits'} {', '.join(c[:12] for c in commits)}."
        if commits
        else "",
        f"SHA-256 of the hypotheses: {manifest.hypotheses_hash[:16]}..., whole in suite.json."
        if manifest.hypotheses_hash
        else "",
    ]
