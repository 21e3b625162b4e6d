"""A results folder is read here into one frozen value; everything else in this package reads only that value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from pathlib import Path, PurePosixPath
from typing import Any, Concatenate, ParamSpec, TypeVar

from rlvr_bench.harness.records import (
    SCHEMA,
    BaseMeasurement,
    EvaluationCounts,
    ManySamples,
    PartInfo,
    PlannedRun,
    RecordError,
    RoleStates,
    SuiteManifest,
    Summary,
    is_live,
    read_completions,
    read_evaluations,
    read_json,
    read_many,
    read_metrics,
)
from rlvr_bench.reports.escape import redact

NOT_RUN, KILLED = "not run", "killed"
Asked = ParamSpec("Asked")
Found = TypeVar("Found")
MetricsRow = Mapping[str, Any]  # one step by metric name
CompletionRow = Mapping[str, Any]  # one recorded completion
LadderRow = Mapping[str, Any]  # the baselines at one step: one line of ladder.jsonl


def remembered(measure: Callable[Concatenate[Run, Asked], Found]) -> Callable[Concatenate[Run, Asked], Found]:
    """A measure of a run that many tables ask for is computed once and kept with the run; a copy starts anew."""

    @wraps(measure)
    def ask(run: Run, *args: Asked.args, **kwargs: Asked.kwargs) -> Found:
        kept = vars(run).setdefault("_remembered", {})
        key = (measure, args, tuple(sorted(kwargs.items())))
        if key not in kept:
            kept[key] = measure(run, *args, **kwargs)
        return kept[key]

    return ask


@dataclass(frozen=True)
class Run:
    """One planned run: a cell with one seed, however it ended."""

    part: str
    cell: str
    seed: int
    state: str  # a status of the summary, or "not run"
    reason: str
    summary: Summary | None
    config: Mapping[str, Any]  # empty where the run left none
    config_hash: str
    environment: Mapping[str, Any]  # likewise
    metrics: tuple[MetricsRow, ...]  # by step
    completions: tuple[CompletionRow, ...]  # of the first and of the last step that recorded any
    evaluations: tuple[EvaluationCounts, ...] = ()  # by step; none in folders from before they were recorded
    ladder: tuple[LadderRow, ...] = ()  # by step
    values: tuple[MetricsRow, ...] = ()  # by step: the lines of values.jsonl.gz
    many: tuple[ManySamples, ...] = ()  # after the last step, where the run asked for it
    later_environments: tuple[Mapping[str, Any], ...] = ()  # of the parts after the first, where it was resumed

    @property
    def finished(self) -> bool:
        """Whether it counts as a result of the algorithm: a diverged run does, a killed one does not."""
        return self.state in {"completed", "diverged"}

    @property
    def roles(self) -> Mapping[str, RoleStates]:
        return self.summary.roles if self.summary else {}

    @cached_property
    def recorded(self) -> Mapping[str, tuple[tuple[int, float], ...]]:
        """(step, value) by metric, finite values only; sorted out once, because every number of a report asks."""
        found: dict[str, list[tuple[int, float]]] = {}
        for row in self.metrics:
            for name, value in row.items():
                if _finite(value):
                    found.setdefault(name, []).append((row["step"], float(value)))
        return {name: tuple(values) for name, values in found.items()}

    def series(self, name: str) -> list[tuple[int, float]]:
        """(step, value) of one metric, finite values only."""
        return list(self.recorded.get(name, ()))


@dataclass(frozen=True)
class Cell:
    """One configuration of one part with its runs, by seed."""

    part: PartInfo
    name: str
    label: str
    runs: tuple[Run, ...]
    search: str = ""  # that it is a trial of

    @property
    def finished(self) -> tuple[Run, ...]:
        return tuple(r for r in self.runs if r.finished)

    @property
    def config(self) -> Mapping[str, Any]:
        return next((r.config for r in self.runs if r.config), {})

    @property
    def roles(self) -> Mapping[str, RoleStates]:
        """Of a run that took a step; one that broke before it may not have built all of its models."""
        trained = [r.roles for r in self.runs if r.roles and r.summary and r.summary.steps_done > 0]
        return trained[0] if trained else {}


@dataclass(frozen=True)
class Study:
    """A whole results folder."""

    manifest: SuiteManifest
    runs: tuple[Run, ...]
    bases: Mapping[str, tuple[BaseMeasurement, ...]] = field(default_factory=dict)  # by part, those that were measured

    def cells(self, part: PartInfo) -> tuple[Cell, ...]:
        """The cells of a part in the order of the manifest; cells that it plans but does not list come last."""
        infos = {c.name: c for c in self.manifest.cells}
        present = dict.fromkeys(r.cell for r in self.runs if r.part == part.name)
        names = [n for n in infos if n in present] + [n for n in present if n not in infos]
        return tuple(
            Cell(
                part,
                name,
                (infos[name].label if name in infos else "") or name,
                tuple(sorted((r for r in self.runs if (r.part, r.cell) == (part.name, name)), key=lambda r: r.seed)),
                infos[name].search if name in infos else "",
            )
            for name in names
        )

    def parts(self, kind: str) -> tuple[PartInfo, ...]:
        return tuple(p for p in self.manifest.parts if p.kind == kind)


def load(results: Path) -> Study:
    """Read a results folder.

    Raises:
        RecordError: a file is missing that must be there, cannot be read, or contradicts another; names it.
    """
    path = results / "suite.json"
    data = read_json(path)
    if isinstance(data, dict):
        _check_schema(path, data)
    try:
        manifest = SuiteManifest.from_json(data)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{path}: not a suite manifest ({error!r}); restore it or run the suite again") from None
    manifest = replace(
        manifest, title=redact(manifest.title), command=redact(manifest.command), notes=redact(manifest.notes)
    )
    parts = {p.name for p in manifest.parts}
    for planned in manifest.runs:
        folder = PurePosixPath(planned.folder)
        if planned.part not in parts:
            raise RecordError(
                f"{path}: run {planned.folder} is of part {planned.part!r}, which it does not list; add it"
            )
        if folder.is_absolute() or ".." in folder.parts:
            raise RecordError(f"{path}: folder {planned.folder!r} leaves the results folder; make it relative to it")
    runs = tuple(_load_run(results, planned) for planned in manifest.runs)
    return Study(manifest, runs, {name: _load_bases(results / name) for name in sorted(parts)})


def _load_run(results: Path, planned: PlannedRun) -> Run:
    folder = results / planned.folder
    if not folder.is_dir():
        return _run(planned, NOT_RUN, "its folder is not there")
    config, config_hash = _load_config(folder / "config.json", planned)
    environment = _load_object(folder / "environment.json")
    metrics = _load_lines(folder / "metrics.jsonl")
    completions = _load_completions(folder / "completions.jsonl.gz")
    summary = _load_summary(folder / "summary.json")
    state, reason = _ending(folder, summary)
    if config_hash != planned.config_hash and planned.config_hash:
        state, reason = KILLED, f"has {config['train']['steps']} of {planned.steps} steps; go on with --resume"
    return replace(
        _run(planned, state, redact(reason)),
        summary=summary,
        config=config,
        config_hash=config_hash,
        environment=redact(environment),
        metrics=metrics,
        completions=completions,
        evaluations=_load_counts(folder / "evaluations.jsonl.gz", read_evaluations),
        ladder=_load_lines(folder / "ladder.jsonl"),
        values=_load_lines(folder / "values.jsonl.gz"),
        many=_load_counts(folder / "many.jsonl.gz", read_many),
        later_environments=tuple(
            redact(_load_object(path))
            for path in sorted(folder.glob("environment-*.json"), key=lambda p: int(p.stem.split("-")[1]))
        ),
    )


def _ending(folder: Path, summary: Summary | None) -> tuple[str, str]:
    if summary is None:
        return KILLED, "it left no summary"
    if summary.status == "running" and not is_live(folder):
        return KILLED, "it ended without a word; go on with --resume"
    return summary.status, summary.reason


def _load_bases(folder: Path) -> tuple[BaseMeasurement, ...]:
    what = ("a base model's measurement", "delete it and resume")
    return tuple(_made(path, BaseMeasurement.from_json, *what) for path in sorted(folder.glob("base-*.json")))


def _load_counts(path: Path, read: Callable[[Path], list[Found]]) -> tuple[Found, ...]:
    try:
        return tuple(read(path))
    except (AttributeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: not a run's evaluations ({error!r}); do the run again") from None


def _run(planned: PlannedRun, state: str, reason: str) -> Run:
    return Run(planned.part, planned.cell, planned.seed, state, reason, None, {}, planned.config_hash, {}, (), ())


def _load_object(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    data = read_json(path)
    if not isinstance(data, dict):
        raise RecordError(f"{path}: not a JSON object; do the run again")
    return data


def _load_config(path: Path, planned: PlannedRun) -> tuple[dict[str, Any], str]:
    data = _load_object(path)
    found = str(data.get("hash", planned.config_hash))
    if planned.config_hash and found != planned.config_hash and not planned.grows_from(data):
        raise RecordError(
            f"{path}: hash {found} where suite.json plans {planned.config_hash}: a run of another configuration; "
            f"delete {path.parent} and do the run again"
        )
    config = data.get("config")
    return (config if isinstance(config, dict) else {}), found


def _load_summary(path: Path) -> Summary | None:
    if not path.exists():
        return None
    return _made(path, Summary.from_json, "a run summary", "do the run again")


def _made(path: Path, make: Callable[[Mapping[str, Any]], Found], what: str, remedy: str) -> Found:
    data = _load_object(path)
    _check_schema(path, data)
    try:
        return make(data)
    except (AttributeError, KeyError, TypeError) as error:
        raise RecordError(f"{path}: not {what} ({error!r}); {remedy}") from None


def _load_lines(path: Path) -> tuple[MetricsRow, ...]:
    rows: list[MetricsRow] = []
    for number, row in enumerate(read_metrics(path), start=1):
        if not isinstance(row.get("step"), int):
            raise RecordError(f"{path}:{number}: a line without a step; do the run again")
        if rows and row["step"] <= rows[-1]["step"]:  # two processes have written it
            raise RecordError(f"{path}:{number}: step {row['step']} after step {rows[-1]['step']}; do the run again")
        rows.append(row)
    return tuple(rows)


def _load_completions(path: Path) -> tuple[CompletionRow, ...]:
    rows = list(read_completions(path))
    steps = list(dict.fromkeys(row.get("step") for row in rows))
    return tuple(row for row in rows if row.get("step") in (*steps[:1], *steps[-1:]))


def _check_schema(path: Path, data: Mapping[str, Any]) -> None:
    if data.get("schema", SCHEMA) != SCHEMA:
        raise RecordError(
            f"{path}: schema {data['schema']}, this version reads {SCHEMA}; use the version that wrote it"
        )


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
