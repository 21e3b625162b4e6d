"""Identical hardware is checked here: the runs of one part must have had equal environments.

Only runs of one part are ever compared, so parts may differ from one another (a study may learn on a CPU and
measure on a GPU); the page shows each part's environment.  The host's name is not compared: containers make
one up for every start.  Of versions, the packages are compared that all runs of the part recorded: which are recorded
follows from how this package was installed, and of one that a run did not ask for, nothing is known to differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rlvr_bench.harness.records import RecordError
from rlvr_bench.reports.load import Study


def _inside(outer: str, inner: str) -> Callable[[Mapping[str, Any]], Any]:
    def get(environment: Mapping[str, Any]) -> Any:
        found = environment.get(outer)
        return found.get(inner) if isinstance(found, Mapping) else found

    return get


def _devices(key: str) -> Callable[[Mapping[str, Any]], Any]:
    def get(environment: Mapping[str, Any]) -> Any:
        found = environment.get("gpus") or []
        return [g.get(key) if isinstance(g, Mapping) else g for g in found]

    return get


FIELDS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "CPU": _inside("cpu", "model"),
    "CPU cores": _inside("cpu", "cores"),
    "threads": lambda e: e.get("threads"),
    "GPUs": _devices("name"),
    "GPU identifiers": _devices("uuid"),
    "device": _inside("device", "type"),
    "driver": lambda e: e.get("driver"),
    "CUDA": lambda e: e.get("cuda"),
    "deterministic algorithms": lambda e: e.get("deterministic"),
    "versions": lambda e: e.get("versions"),
    "platform": lambda e: e.get("platform"),
}


@dataclass(frozen=True)
class Difference:
    """A field that was not equal inside a part."""

    part: str
    field: str
    values: tuple[tuple[str, tuple[str, ...]], ...]  # (value, the runs that had it)


def show(value: Any) -> str:
    """A value of an environment or a configuration, as one stable text."""
    if value is None or value == [] or value == {}:
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {show(v)}" for k, v in sorted(value.items()))
    if isinstance(value, (list, tuple)):
        return ", ".join(show(v) for v in value)
    return value if isinstance(value, str) else json.dumps(value)


def differences(study: Study) -> tuple[Difference, ...]:
    """Fields that must be equal inside a part and are not; runs without a record are left out."""
    found = []
    for part in study.manifest.parts:
        runs = [r for r in study.runs if r.part == part.name and r.environment]
        for name, get in FIELDS.items():
            each = [(run, get(e)) for run in runs for e in (run.environment, *run.later_environments)]
            groups: dict[str, list[str]] = {}
            for (run, _), value in zip(each, unlike([v for _, v in each]), strict=True):
                groups.setdefault(show(value), []).append(f"{run.cell}/seed-{run.seed}")
            if len(groups) > 1:
                found.append(Difference(part.name, name, tuple((v, tuple(rs)) for v, rs in groups.items())))
    return tuple(found)


def unlike(values: Sequence[Any]) -> Sequence[Any]:
    """Of tables, what is in all of them and not equal; other values as they are."""
    if not all(isinstance(value, Mapping) for value in values):
        return values
    keys = set[str]().union(*values)
    differ = [k for k in sorted(keys) if all(k in v for v in values) and len({show(v[k]) for v in values}) > 1]
    return [{k: value[k] for k in differ} for value in values]


def check_environments(study: Study, *, allow_unlike: bool) -> tuple[Difference, ...]:
    """The differences, which are allowed only on request.

    Raises:
        RecordError: runs of one part had different environments.
    """
    found = differences(study)
    if found and not allow_unlike:
        lines = [
            f"{d.part}, {d.field}: " + "; ".join(f"{value} in {_few(runs)}" for value, runs in d.values) for d in found
        ]
        raise RecordError(
            "suite.json: these runs had different environments, so a comparison would mix hardware with algorithm:\n  "
            + "\n  ".join(lines)
            + "\nRun the odd ones again on the same machine, or allow it (allow_unlike) and the page will be marked."
        )
    return found


def _few(runs: tuple[str, ...], most: int = 3) -> str:
    return ", ".join(runs[:most]) + (f" and {len(runs) - most} more" if len(runs) > most else "")
