"""What a results folder is planned to hold, and whether a folder that is there may be gone on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rlvr_bench.harness.config.load import config_hash
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.config.suite_file import RunPlan, SuiteFile
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import (
    LOCK,
    CellInfo,
    PartInfo,
    PlannedRun,
    SuiteManifest,
    hypotheses_hash,
    read_json,
    write_json,
)
from rlvr_bench.harness.runs.process import now

UNSAFE_NOTE = "Untrusted code ran without a sandbox (--unsafe-no-sandbox)."


def manifest(suite: SuiteFile, planned: Sequence[RunPlan], *, command: str, version: str) -> SuiteManifest:
    """What is about to be run."""
    parts = list(dict.fromkeys(run.part for run in planned))
    seeds = {p: tuple(dict.fromkeys(r.config.seed for r in planned if r.part == p)) for p in parts}
    cells = dict.fromkeys(r.cell for r in planned)
    hypotheses = tuple(h.record() for h in suite.hypotheses if h.part in parts)
    return SuiteManifest(
        name=suite.name,
        title=suite.title,
        command=command,
        version=version,
        created_at=now(),
        parts=tuple(PartInfo(p, suite.parts[p].kind, suite.parts[p].title, seeds[p]) for p in parts),
        cells=tuple(CellInfo(name, cell.label, cell.search) for name, cell in suite.cells.items() if name in cells),
        runs=tuple(_planned(run) for run in planned),
        inputs=_inputs(planned),
        hypotheses=hypotheses,
        hypotheses_hash=hypotheses_hash(hypotheses),
        notes=(*suite.notes, *([UNSAFE_NOTE] if any(_unsafe(r.config) for r in planned) else [])),
    )


def _planned(run: RunPlan) -> PlannedRun:
    steps = run.config.train.steps
    grows = config_hash(replace(run.config, train=replace(run.config.train, steps=1)), run.inputs)
    return PlannedRun(
        run.part, run.cell, run.config.seed, run.folder, config_hash(run.config, run.inputs), steps, grows
    )


def _inputs(planned: Sequence[RunPlan]) -> dict[str, str]:
    """All that the runs depend on; what differs between parts, or between cells, has their names with it."""
    found: dict[str, str] = {}
    left = [(name, digest, run) for run in planned for name, digest in run.inputs.items()]
    for place in ("", " ({0.part})", " ({0.part}/{0.cell})"):
        digests: dict[str, set[str]] = {}
        for name, digest, run in left:
            digests.setdefault(name + place.format(run), set()).add(digest)
        found |= {name: one.pop() for name, one in digests.items() if len(one) == 1}
        left = [one for one in left if one[0] + place.format(one[2]) not in found]
    return found


def _unsafe(config: RunConfig) -> bool:
    return bool(config.task.options.get("unsafe_no_sandbox"))


def prepare_folder(out: Path, planned: SuiteManifest, *, resume: bool) -> None:
    """Write suite.json, or check that a folder to be resumed is of the same suite, which may have grown.

    Raises:
        ConfigError: the folder holds another suite's runs, or runs at all without `resume`, or other hypotheses; or
            what the runs depend on has changed; or there is nothing to resume.
    """
    path = out / "suite.json"
    check_kind(out, resume=resume)
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        write_json(path, planned)
        return
    there = SuiteManifest.from_json(read_json(path))
    if names := [name for name, digest in there.inputs.items() if planned.inputs.get(name, digest) != digest]:
        raise ConfigError(
            [f"{out}: since the study began, this changed: {', '.join(names)}; put it back, or choose another --out"]
        )
    if problems := _not_grown(there, planned):
        raise ConfigError([f"{out}: {line}" for line in problems])
    if there.runs != planned.runs:
        write_json(path, replace(planned, created_at=there.created_at))


def check_kind(out: Path, *, resume: bool) -> None:
    """Raises ConfigError where the folder is not what `resume` says: a results folder, or nothing."""
    if (out / "suite.json").exists():
        if not resume:
            raise ConfigError([f"{out}: holds a suite already; add --resume to finish it, or choose another --out"])
    elif resume:
        raise ConfigError([f"{out}: there is nothing to resume; leave --resume out to begin a study there"])
    elif out.is_dir() and any(one.name != LOCK for one in out.iterdir()):
        raise ConfigError([f"{out}: is not empty and not a results folder; choose another --out"])


def _not_grown(there: SuiteManifest, planned: SuiteManifest) -> list[str]:
    """Why the planned suite is not the one that is there, with further seeds, cells, parts or steps.

    Further parts bring their hypotheses; those of the parts that are there stay as they are.
    """
    parts = {part.name for part in there.parts}
    if tuple(h for h in planned.hypotheses if h.part in parts) != there.hypotheses:
        return [
            "was planned with other hypotheses than the suite file has now; they cannot change once runs are made: "
            "restore them, or choose another --out"
        ]
    now = {run.folder: run for run in planned.runs}
    lost = [run.folder for run in there.runs if run.folder not in now]
    # Of runs that only take more steps, the hash without the number of steps is the same.
    other = [
        run.folder
        for run in there.runs
        if (new := now.get(run.folder)) is not None
        and new.config_hash != run.config_hash
        and not (run.grows_hash and new.grows_hash == run.grows_hash and new.steps > run.steps)
    ]
    return [
        f"{what}, as {folders[0]} and {len(folders) - 1} more; choose another --out"
        for what, folders in (("holds runs that are not planned any more", lost), ("holds other settings", other))
        if folders
    ]
