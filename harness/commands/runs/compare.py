"""Runs that `train` made, each in a folder of its own, put together as a results folder that a report can read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import CellInfo, PartInfo, PlannedRun, SuiteManifest, hash_of, read_json, write_json
from rlvr_bench.harness.runs.process import now

SHARED = ("task", "model", "warm_start")
"""Sections of the settings that are equal in all runs of a part."""
NOTE = "Single runs, put together for this report; nothing was planned beforehand."


@dataclass(frozen=True)
class SingleRun:
    """A run folder with what it says about itself."""

    folder: Path
    config: Mapping[str, Any]
    inputs: Mapping[str, str]
    hash: str

    @property
    def part(self) -> tuple[str, str]:
        """Runs with an equal one are compared: a name for it, and a digest of all that it stands for."""
        shared = {name: self.config[name] for name in SHARED}
        shared["inputs"] = {name: digest for name, digest in self.inputs.items() if not name.startswith("code of")}
        return f"{self.config['task']['name']}, {self.config['model']['name']}", hash_of(shared)

    @property
    def cell(self) -> str:
        """Runs with an equal one differ in their seeds alone."""
        rest = {name: value for name, value in self.config.items() if name != "seed"}
        return hash_of([rest, dict(self.inputs)])

    @property
    def budget(self) -> tuple[int, int, int]:
        """Steps, completions a step, and updates of each completion."""
        train, rollout = self.config["train"], self.config["rollout"]
        return train["steps"], rollout["prompts"] * rollout["group_size"], train["epochs"]


def is_run(folder: Path) -> bool:
    """Whether it is a run's folder, and not that of a suite's results."""
    return (folder / "config.json").is_file() and not (folder / "suite.json").exists()


def put_together(folders: Sequence[Path], into: Path, *, command: str, allow_unlike: bool = False) -> None:
    """Write suite.json, and links to the runs where it says they are.

    Runs of one task, model and warm start are a part.  Runs that differ in their seeds alone are one cell; any other
    run is a cell of its own.

    Args:
        into: an empty folder.
        command: makes the report again.
        allow_unlike: take runs of unlike budgets too; the page says so.
    Raises:
        ConfigError: a folder holds no run or is named twice, or the budgets are unlike.
    """
    runs = _read(folders)
    notes = [NOTE]
    if unlike := _unlike_budgets(runs):
        if not allow_unlike:
            raise ConfigError(
                [f"{line}; leave one out, or add --allow-unlike to show them side by side" for line in unlike]
            )
        notes += [f"Unlike budgets: {line}." for line in unlike]
    parts: dict[tuple[str, str], list[SingleRun]] = {}
    for run in runs:
        parts.setdefault(run.part, []).append(run)
    infos, cells, planned = [], [], []
    for number, ((title, _), members) in enumerate(parts.items(), start=1):
        name = f"part-{number}"
        kind = "learning" if all(run.config["evaluate"]["every"] for run in members) else "systems"
        seeds = tuple(dict.fromkeys(run.config["seed"] for run in members))
        infos.append(PartInfo(name, kind, title, seeds))
        for cell in _cells(members):
            info = CellInfo(_slug(cell[0].folder, len(cells) + 1), _label(cell))
            cells.append(info)
            for run in cell:
                place = f"{name}/{info.name}/seed-{run.config['seed']}"
                planned.append(
                    PlannedRun(name, info.name, run.config["seed"], place, run.hash, run.config["train"]["steps"])
                )
                (into / place).parent.mkdir(parents=True, exist_ok=True)
                (into / place).symlink_to(run.folder.resolve(), target_is_directory=True)
    manifest = SuiteManifest(
        name="runs",
        title=f"{len(runs)} runs side by side" if len(runs) > 1 else f"The run {runs[0].folder.resolve().name}",
        command=command,
        version=version("rlvr-bench"),
        created_at=now(),
        parts=tuple(infos),
        cells=tuple(cells),
        runs=tuple(planned),
        notes=tuple(notes),
    )
    write_json(into / "suite.json", manifest)


def _read(folders: Sequence[Path]) -> list[SingleRun]:
    if strangers := [folder for folder in folders if not is_run(folder)]:
        raise ConfigError(
            [
                f"{folder}: holds no run (no config.json); give run folders, or one results folder"
                for folder in strangers
            ]
        )
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise ConfigError(["report: a run folder is named twice; name each once"])
    found = [(folder, read_json(folder / "config.json")) for folder in folders]
    return [SingleRun(folder, data["config"], data.get("inputs", {}), data["hash"]) for folder, data in found]


def _cells(members: Sequence[SingleRun]) -> list[list[SingleRun]]:
    """Runs by cell; a second run with the seed of another is a cell of its own."""
    found: dict[tuple[str, int], list[SingleRun]] = {}
    for run in members:
        again = 0
        while run.config["seed"] in [other.config["seed"] for other in found.get((run.cell, again), [])]:
            again += 1
        found.setdefault((run.cell, again), []).append(run)
    return list(found.values())


def _label(cell: Sequence[SingleRun]) -> str:
    name = cell[0].folder.resolve().name
    more = f" and {len(cell) - 1} more" if len(cell) > 1 else ""
    return f"{cell[0].config['algorithm']['name'].upper()}, {name}{more}"


def _slug(folder: Path, number: int) -> str:
    return f"{number}-{re.sub(r'[^a-z0-9]+', '-', folder.resolve().name.lower()).strip('-')}"


def _unlike_budgets(runs: Sequence[SingleRun]) -> list[str]:
    """A line for each part whose runs were given unequal budgets, with the runs that had each."""
    lines = []
    for part in dict.fromkeys(run.part for run in runs):
        by_budget: dict[tuple[int, int, int], list[str]] = {}
        for run in runs:
            if run.part == part:
                by_budget.setdefault(run.budget, []).append(str(run.folder))
        if len(by_budget) > 1:
            told = [
                f"{', '.join(names)}: {steps} steps of {completions} completions, {epochs} epoch{'s' * (epochs > 1)}"
                for (steps, completions, epochs), names in by_budget.items()
            ]
            lines.append("; ".join(told))
    return lines
