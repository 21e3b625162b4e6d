"""The numbers of every single run are listed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.accuracy import GREEDY, final_score
from rlvr_bench.reports.measures.costs.memory import memory_layer, peak_bytes
from rlvr_bench.reports.measures.costs.step_time import step_seconds, tokens_per_second
from rlvr_bench.reports.measures.windows import training_series
from rlvr_bench.reports.page.links import Links
from rlvr_bench.reports.page.table import csv_text

SHOWN = (
    ("base_seed", "base seed", str), ("label_seed", "label seed", str), ("steps", "steps", str),
    ("pass1", "pass@1", numbers.share), ("greedy", "greedy", numbers.share),
    ("seconds_per_step", "s/step", numbers.number), ("tokens_per_second", "tokens/s", numbers.number),
    ("peak_bytes", "peak", numbers.size), ("state_bytes", "states", numbers.size),
    ("clip_fraction", "clip fraction", numbers.share), ("explained_variance", "explained variance", numbers.change),
    ("wall_seconds", "wall clock (s)", numbers.number),
)  # fmt: skip
FIELDS = ("status", *(name for name, _, _ in SHOWN), "reason")


@dataclass(frozen=True, kw_only=True)
class SeedRow:
    """One run; the link is empty where it left no folder."""

    seed: int
    status: str
    link: str
    entries: tuple[str, ...]
    records: tuple[str, ...]  # files in its folder that a link is given to


@dataclass(frozen=True, kw_only=True)
class CellSeeds:
    """The runs of one cell, and what they have in common."""

    label: str
    summary: str
    columns: tuple[str, ...]
    rows: tuple[SeedRow, ...]


def cell_seeds(cells: Sequence[Cell], links: Links) -> tuple[CellSeeds, ...]:
    """One entry a cell; columns that no run of the part can fill are left out."""
    found = _records(cells)
    kept = [s for s in SHOWN if any(record[s[0]] is not None for records in found for record in records)]
    return tuple(_cell(c, records, kept, links) for c, records in zip(cells, found, strict=True))


def _cell(cell: Cell, records: Sequence[Mapping[str, Any]], kept: Sequence[Any], links: Links) -> CellSeeds:
    rows = tuple(
        SeedRow(
            seed=run.seed,
            status=run.state,
            link=links.run(run),
            records=links.files(run),
            entries=tuple(numbers.ABSENT if record[name] is None else show(record[name]) for name, _, show in kept),
        )
        for run, record in zip(cell.runs, records, strict=True)
    )
    scores = [record["pass1"] for run, record in zip(cell.runs, records, strict=True) if run.finished]
    known = [s for s in scores if s is not None]
    spread = f", pass@1 {numbers.share(min(known))} to {numbers.share(max(known))}" if known else ""
    summary = f"{len(cell.finished)} of {numbers.count(len(cell.runs), 'run')} finished{spread}"
    titles = ("seed", "status", *(title for _, title, _ in kept))
    return CellSeeds(label=one_line(cell.label), summary=summary, columns=titles, rows=rows)


def seeds_csv(part: PartInfo, cells: Sequence[Cell]) -> str:
    """One line a run, planned ones included: shares, seconds, bytes."""
    lines: list[list[object]] = [["part", "cell", "label", "seed", *FIELDS]]
    for cell, records in zip(cells, _records(cells), strict=True):
        for run, record in zip(cell.runs, records, strict=True):
            fields = [record[name] for name in FIELDS]
            lines.append([part.name, cell.name, one_line(cell.label), run.seed, *fields])
    return csv_text(lines)


def _records(cells: Sequence[Cell]) -> list[list[dict[str, Any]]]:
    """Per cell and run; peaks are of the layer that all finished runs of the part have."""
    layer = memory_layer(tuple(cells))
    return [[_record(run, layer) for run in cell.runs] for cell in cells]


def _record(run: Run, layer: str | None) -> dict[str, Any]:
    return {
        "status": run.state,
        "base_seed": seed_of(run, "warm_start", "seed"),
        "label_seed": seed_of(run, "reward", "label_seed"),
        "steps": run.summary.steps_done if run.summary else None,
        "pass1": final_score(run),
        "greedy": final_score(run, GREEDY),
        "seconds_per_step": step_seconds(run),
        "tokens_per_second": tokens_per_second(run),
        "peak_bytes": peak_bytes(run, layer) if layer else None,
        "state_bytes": sum(s.total for s in run.roles.values()) if run.roles else None,
        "clip_fraction": _mean(run, "train/clip_fraction"),
        "explained_variance": _mean(run, "train/explained_variance"),
        "wall_seconds": run.summary.wall_seconds if run.summary else None,
        "reason": one_line(run.reason),
    }


def seed_of(run: Run, section: str, key: str) -> int | None:
    """A seed of the configuration; the label seed only of a run that had a reward model."""
    settings = run.config.get(section)
    value = settings.get(key) if isinstance(settings, Mapping) else None
    if section == "reward" and "reward" not in run.roles:
        return None
    return value if isinstance(value, int) else None


def _mean(run: Run, metric: str) -> float | None:
    values = [v for _, v in training_series(run, metric)]
    return fmean(values) if values else None
