"""Suites in TOML: parts (what is studied) x cells (what is compared) x seeds, resolved into runs.

name = "quick"
title = "..."
minutes, rank             how long it takes on two cores, and its place in `run claims`; notes: shown on the page
[base]                    settings of every run, sections as in a run's own TOML
[parts.NAME]              kind, title, seeds, timeout_minutes, alone, cells (all by default)
[parts.NAME.run]          settings of this part
[cells.NAME]              label
[cells.NAME.run]          settings of this cell
[searches.NAME]           label, trials, seed, run, space: cells whose settings are drawn, see `searches.py`
[dry.run]                 settings that shrink everything for `--dry`; [dry] seeds
[[hypotheses]]            id, text, part, measure, cells, scale, test, margin, window, n: see `records.Hypothesis`
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as strict_dataclass

from rlvr_bench.harness.config import hypotheses, searches
from rlvr_bench.harness.config.hypotheses import HypothesisTable, PartFacts
from rlvr_bench.harness.config.layers import merge, parse_overrides, read_toml
from rlvr_bench.harness.config.load import resolve, without_sandbox
from rlvr_bench.harness.config.ranges import Positive
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.config.searches import Search
from rlvr_bench.harness.errors import ConfigError

_STRICT = ConfigDict(extra="forbid", strict=True)
Table = dict[str, Any]
BASE_ITEMS = 256
"""`measure.base_items` of a part of kind `learning` that does not set it."""
DRY_ITEMS = 2
"""The most that it is in `--dry`."""
DRY_BASE: Table = {"base_samples": 2, "base_pass_items": 1, "base_pass_samples": 2}
"""The rest of the measurement of base models in `--dry`, unless `[dry.run]` sets it."""
Seeds = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]


@strict_dataclass(frozen=True, config=_STRICT)
class Part:
    """What is studied: cells, each with every seed."""

    kind: Literal["learning", "systems", "search"]
    title: str
    seeds: Seeds
    bases: list[Annotated[int, Field(ge=0)]] = field(default_factory=list)
    """Seeds of the base models and of the labels of their reward models (`warm_start.seed`, `reward.label_seed`), dealt
    to the runs' seeds in turn: with seeds 1 to 4 and bases 1 to 3, seeds 1 and 4 have base 1.  Empty: one for all."""
    timeout_minutes: Positive = 60
    alone: bool | None = None
    """Whether a run has the machine to itself, with all threads; by default where costs are measured (`systems`).
    Other runs are placed side by side, with one thread each unless the suite sets `compute.threads`."""
    cells: list[str] = field(default_factory=list)
    """Names of cells, and of searches for all of their trials; empty: all cells, or in a part of kind `search` all
    trials."""
    run: Table = field(default_factory=dict)


@strict_dataclass(frozen=True, config=_STRICT)
class Cell:
    """A configuration to be compared with the others."""

    label: str
    run: Table = field(default_factory=dict)
    search: str = ""
    """The search that it is a trial of; written by `[searches.NAME]`."""


@strict_dataclass(frozen=True, config=_STRICT)
class Dry:
    """What `--dry` changes."""

    seeds: Seeds = field(default_factory=lambda: [1])
    run: Table = field(default_factory=dict)


@strict_dataclass(frozen=True, config=_STRICT)
class SuiteFile:
    """A whole suite, as in the TOML file."""

    name: str
    title: str
    parts: Annotated[dict[str, Part], Field(min_length=1)]
    cells: dict[str, Cell] = field(default_factory=dict)
    searches: dict[str, Search] = field(default_factory=dict)
    base: Table = field(default_factory=dict)
    dry: Dry = field(default_factory=Dry)
    notes: list[str] = field(default_factory=list)
    minutes: Annotated[int, Field(ge=1)] | None = None
    """What it took on two processor cores, measured, minutes; none where it was not measured, as for a GPU."""
    rank: Annotated[int, Field(ge=1)] | None = None
    """Its place in `rlvr-bench run claims`, the smallest first; none: it is not one of these."""
    hypotheses: list[HypothesisTable] = field(default_factory=list)
    """What is to be shown, written down before the runs; suite.json keeps it with its hash."""


@dataclass(frozen=True)
class RunPlan:
    """One run of a suite, before it is run."""

    part: str
    cell: str
    config: RunConfig
    timeout_s: float
    alone: bool = True
    """Whether it has the machine to itself."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Digests of what it depends on besides its settings, from `preflight`."""
    planned: bool = False
    """Whether what the planner says of its memory is recorded beside what it took: it is about costs."""

    @property
    def folder(self) -> str:
        """Where its records are, in the results folder."""
        return f"{self.part}/{self.cell}/seed-{self.config.seed}"


def shipped() -> dict[str, Path]:
    """Suites that come with the package, by name."""
    return {
        path.stem: path for path in sorted(Path(str(files("rlvr_bench.harness"))).joinpath("suites").glob("*.toml"))
    }


def load_suite(name_or_path: str) -> SuiteFile:
    """A shipped suite by name, or a TOML file.

    Raises:
        ConfigError: all that is wrong with the suite's own structure.
    """
    known = shipped()
    path = known.get(name_or_path, Path(name_or_path))
    if name_or_path not in known and path.suffix != ".toml":
        raise ConfigError([f"no suite {name_or_path!r} (shipped: {', '.join(known)}; or give a .toml file)"])
    table = read_toml(path)
    if "parts" not in table and ("task" in table or "algorithm" in table):
        raise ConfigError([f"{path}: is a run, not a suite; train it with `rlvr-bench train {path}`"])
    try:
        suite = TypeAdapter(SuiteFile).validate_json(json.dumps(table, default=str))
    except ValidationError as error:
        raise ConfigError(
            [
                f"{path}: {'.'.join(map(str, e['loc']))}: {e['msg']}, got {e['input']!r}"
                for e in error.errors(include_url=False)
            ]
        ) from None
    if problems := [f"{path}: {line}" for line in searches.problems(suite.searches, suite.cells)]:
        raise ConfigError(problems)
    suite = _with_trials(suite)
    if problems := [f"{path}: {line}" for line in _problems(suite)]:
        raise ConfigError(problems)
    return suite


def _with_trials(suite: SuiteFile) -> SuiteFile:
    """Every search replaced by its trials, among the cells and where a part names it."""
    found = {
        name: {trial.name: Cell(trial.label, dict(trial.run), name) for trial in searches.trials(name, search)}
        for name, search in suite.searches.items()
    }
    plain = list(suite.cells)
    parts = {}
    for name, part in suite.parts.items():
        named = part.cells or (list(found) if part.kind == "search" else plain)
        parts[name] = replace(part, cells=[cell for one in named for cell in found.get(one, [one])])
    return replace(
        suite, parts=parts, cells=suite.cells | {k: v for trials in found.values() for k, v in trials.items()}
    )


def _problems(suite: SuiteFile) -> list[str]:
    none = [f"parts.{name}.cells: there are none; add a cell" for name, part in suite.parts.items() if not part.cells]
    unknown = [
        f"parts.{name}.cells: no cell {cell!r} (cells: {', '.join(suite.cells)})"
        for name, part in suite.parts.items()
        for cell in part.cells
        if cell not in suite.cells
    ]
    duplicate = [
        f"parts.{name}.{key}: duplicate {value}; remove one"
        for name, part in suite.parts.items()
        for key, values in (("seeds", map(str, part.seeds)), ("cells", part.cells))
        for value, count in Counter(values).items()
        if count > 1
    ]
    facts = {
        name: PartFacts(
            part.kind,
            part.cells,
            len(part.seeds),
            Counter(s for c in part.cells if c in suite.cells and (s := suite.cells[c].search)),
        )
        for name, part in suite.parts.items()
    }
    return none + unknown + duplicate + hypotheses.problems(suite.hypotheses, facts)


def plan(
    suite: SuiteFile,
    *,
    overrides: Iterable[str] = (),
    dry: bool = False,
    parts: Iterable[str] = (),
    unsafe: bool = False,
    seeds: int | None = None,
) -> list[RunPlan]:
    """All runs, in the order in which they are to be run.

    Within a part the seeds come one after the other, and the order of the cells rotates by one from seed to
    seed, so that a machine that drifts (heat, other users) affects all cells equally.

    Args:
        seeds: so many in each part, its own first and then the numbers that follow the largest.
    Raises:
        ConfigError: all that is wrong with any run, each once, with the cells that have it.
    """
    chosen = list(parts) or list(suite.parts)
    if unknown := [name for name in chosen if name not in suite.parts]:
        raise ConfigError([f"no part {name!r} in this suite (parts: {', '.join(suite.parts)})" for name in unknown])
    last: list[Mapping[str, Any]] = [{"measure": DRY_BASE}, suite.dry.run] if dry else []
    last.append(parse_overrides(overrides))
    planned: list[RunPlan] = []
    problems: dict[str, list[str]] = {}
    for part_name in chosen:
        part = suite.parts[part_name]
        names = part.cells
        alone = part.kind == "systems" if part.alone is None else part.alone
        first: Table = {"measure": {"base_items": BASE_ITEMS}} if part.kind == "learning" else {}
        first |= {"evaluate": {"split": "validation"}} if part.kind == "search" else {}
        first |= {} if alone else {"compute": {"threads": 1}}
        for turn, seed in enumerate(suite.dry.seeds if dry else _seeds(part, seeds)):
            for cell in names[turn % len(names) :] + names[: turn % len(names)]:
                data = merge(first, suite.base, part.run, suite.cells[cell].run, *last)
                if dry:
                    _shrink(data)
                try:
                    if "seed" in data:
                        raise ConfigError(["seed: the seeds of a suite are set in its parts; change them there"])
                    data["seed"] = seed
                    if part.bases:
                        base = part.bases[turn % len(part.bases)]
                        data = merge(data, {"warm_start": {"seed": base}, "reward": {"label_seed": base}})
                    limit, costs = part.timeout_minutes * 60, part.kind == "systems"
                    planned.append(RunPlan(part_name, cell, resolve(data), limit, alone, planned=costs))
                except ConfigError as error:
                    for problem in error.problems:
                        problems.setdefault(problem, []).append(f"{part_name}/{cell}")
    if problems:
        raise ConfigError([f"{text}  [in {', '.join(dict.fromkeys(at))}]" for text, at in problems.items()])
    if not dry and (short := _short(suite, planned)):
        raise ConfigError(short)
    if unsafe:
        bare = without_sandbox([cell.config for cell in planned])
        planned = [replace(cell, config=config) for cell, config in zip(planned, bare, strict=True)]
    return planned


def _seeds(part: Part, count: int | None) -> list[int]:
    if count is None:
        return part.seeds
    more = range(max(part.seeds) + 1, max(part.seeds) + 1 + count - len(part.seeds))
    return [*part.seeds[:count], *more]


def _short(suite: SuiteFile, planned: Iterable[RunPlan]) -> list[str]:
    """Hypotheses whose window is longer than the runs that they are about, or whose k is larger than what is drawn."""
    planned = list(planned)
    steps = {(run.part, run.cell): run.config.train.steps for run in planned}
    drawn = {(run.part, run.cell): hypotheses.largest_k(run.config) for run in planned}
    return [
        f"hypotheses.{h.id}.measure: {h.measure} needs as many samples; set measure.many_items, and many_samples to at "
        f"least {k} in {h.part}/{cell}"
        for h in suite.hypotheses
        for cell in h.cells
        if (k := hypotheses.k_of(h.measure)) > drawn.get((h.part, cell), k)
    ] + [
        f"hypotheses.{h.id}.window: {h.window} steps, {h.part}/{cell} has {steps[h.part, cell]}; shorten it"
        for h in suite.hypotheses
        for cell in h.cells
        if h.window > steps.get((h.part, cell), h.window)
    ]


def _shrink(data: Table) -> None:
    """Fewer items for the base models; whether they are measured at all stays as it is."""
    measure = data["measure"]
    if isinstance(measure, dict) and isinstance(items := measure.get("base_items"), int):
        measure["base_items"] = min(items, DRY_ITEMS)
