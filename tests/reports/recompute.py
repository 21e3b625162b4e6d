"""The tables of a report, computed again from the raw records by other code: numpy and the standard library alone.

A reader who does not trust the package can run it on a results folder; it prints what differs from the CSV files.

    python -m tests.reports.recompute results/quick

What is computed and how stands in METRICS.md, results/README.md and the notes below the tables.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np

SEED, DRAWS, FEW = 20260101, 10_000, 10
COSTS = {"samples": "cost/samples", "flops": "cost/flops", "seconds": "cost/seconds"}
TARGETS = (0.5, 0.7, 0.9)
Line = dict[str, Any]
Key = tuple[str, ...]


class Run:
    """One finished run, from its files."""

    def __init__(self, folder: Path) -> None:
        self.summary = json.loads((folder / "summary.json").read_text())
        self.config = json.loads((folder / "config.json").read_text())["config"]
        lines = [json.loads(text) for text in (folder / "metrics.jsonl").read_text().splitlines()]
        self.rows = [row for _, row in sorted({row["step"]: row for row in lines}.items())]
        self.steps = self.config["train"]["steps"]
        self.diverged = self.summary["status"] == "diverged"
        self.scores = {name: list(self._scores(folder, name)) for name in ("pass1", "greedy")}

    def _scores(self, folder: Path, name: str) -> Iterator[tuple[int, float]]:
        """(step, share of right completions) from the counts of each item; of old folders, as recorded."""
        path = folder / "evaluations.jsonl.gz"
        if not path.exists():
            column = {"pass1": "eval/pass@1", "greedy": "eval/greedy"}[name]
            yield from ((row["step"], row[column]) for row in self.rows if row.get(column) is not None)
            return
        with gzip.open(path, "rt") as file:
            for one in map(json.loads, file):
                counts, of = (one["right"], one["samples"]) if name == "pass1" else (one["greedy"], 1)
                known = [count for count in counts if count is not None]
                yield one["step"], float(np.mean(known)) / of

    def final(self, name: str) -> float | None:
        """Mean over the evaluations in the last tenth of the planned steps, else the last one."""
        after = [(step, score) for step, score in self.scores[name] if step > 0]
        last = self.rows[-1]["step"]
        if self.diverged:
            return after[-1][1] if after and after[-1][0] >= last else 0.0
        if last < self.steps or not after:
            return None
        first = self.steps - math.ceil(0.1 * self.steps) + 1
        return fmean([score for step, score in after if step >= first] or [after[-1][1]])

    def timed(self) -> list[Line]:
        rows = [row for row in self.rows if row["step"] >= 1 and row.get("cost/seconds") is not None]
        return rows[self.config["measure"]["warmup_steps"] :]

    def seconds(self) -> float | None:
        return median([row["cost/seconds"] for row in self.timed()]) if self.timed() else None

    def tokens_per_second(self) -> float | None:
        rows = [row for row in self.timed() if row.get("cost/tokens") is not None]
        return sum(r["cost/tokens"] for r in rows) / sum(r["cost/seconds"] for r in rows) if rows else None

    def peak(self) -> float | None:
        """Largest of a step, evaluation and checkpoint left out, less what was there before the models."""
        prefix = "cost/memory/device_peak/"
        found = [
            value
            for row in self.timed()
            for name, value in row.items()
            if name.startswith(prefix) and value is not None and not name.endswith(("/evaluate", "/checkpoint"))
        ]
        return max(found) - (self.summary["memory"]["device_baseline_bytes"] or 0) if found else None

    def curve(self, budget: str) -> list[tuple[float, float]]:
        """(spent, pass@1) at every evaluation."""
        scores, spent, points = dict(self.scores["pass1"]), 0.0, []
        for row in self.rows:
            if row["step"] > 0:
                spent += row[COSTS[budget]]
            if row["step"] in scores:
                points.append((spent, scores[row["step"]]))
        return points


def cells_of(results: Path, part: str) -> dict[str, dict[int, Run]]:
    """Finished runs (completed or diverged) by cell and seed, cells in the order of the manifest."""
    manifest = json.loads((results / "suite.json").read_text())
    found: dict[str, dict[int, Run]] = {cell["name"]: {} for cell in manifest["cells"]}
    for planned in manifest["runs"]:
        path = results / planned["folder"] / "summary.json"
        ended = json.loads(path.read_text())["status"] if path.exists() else "not run"
        if planned["part"] == part and ended in ("completed", "diverged"):
            found[planned["cell"]][planned["seed"]] = Run(path.parent)
    present = {planned["cell"] for planned in manifest["runs"] if planned["part"] == part}
    return {name: dict(sorted(runs.items())) for name, runs in found.items() if name in present}


def student(df: int, share: float = 0.975) -> float:
    """Quantile of Student's t: with t = sqrt(df) tan(a), its density in a is proportional to cos(a)^(df - 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(120)

    def below(angle: float) -> float:
        half = angle / 2
        return float(half * (weights * np.cos(half * (nodes + 1)) ** (df - 1)).sum())

    low, high, whole = 0.0, math.pi / 2, below(math.pi / 2)
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) / whole < 2 * share - 1 else (low, middle)
    return math.sqrt(df) * math.tan(low)


def interval(values: Sequence[float], *, always_t: bool = False) -> list[float | None]:
    """Value, low, high: Student's below FEW values, from there on the bootstrap of the interquartile mean."""
    x = np.asarray(values, dtype=float)
    if len(x) < 2:
        return [float(x[0]), None, None]
    if len(x) < FEW or always_t:
        half = student(len(x) - 1) * float(x.std(ddof=1)) / math.sqrt(len(x))
        return [float(x.mean()), float(x.mean()) - half, float(x.mean()) + half]

    def middle(rows: np.ndarray) -> np.ndarray:
        cut = rows.shape[1] // 4
        return np.sort(rows, axis=1)[:, cut : rows.shape[1] - cut].mean(axis=1)

    drawn = x[np.random.default_rng(SEED).integers(0, len(x), (DRAWS, len(x)))]
    low, high = np.quantile(middle(drawn), [0.025, 0.975])
    return [float(middle(x[None])[0]), float(low), float(high)]


def bounded(values: Sequence[float | None], most: float = math.inf) -> list[float | None]:
    """The interval of one cell's number, cut at its limits where no value passes them."""
    known = [value for value in values if value is not None]
    if not known:
        return [None, None, None]
    value, low, high = interval(known)
    if low is None or high is None or min(known) < 0 or max(known) > most:
        return [value, low, high]
    return [value, max(low, 0.0), min(high, most)]


def comparison(results: Path, part: str) -> dict[Key, Line]:
    """By cell: every estimate of comparison-<part>.csv, and the exact bytes of the states."""
    found = {}
    for name, runs in cells_of(results, part).items():
        line: Line = {"finished": len(runs)}
        numbers: dict[str, tuple[Callable[[Run], float | None], float]] = {
            "pass1": (lambda run: run.final("pass1"), 1.0),
            "greedy": (lambda run: run.final("greedy"), 1.0),
            "seconds": (Run.seconds, math.inf),
            "tokens_per_second": (Run.tokens_per_second, math.inf),
            "peak": (Run.peak, math.inf),
        }
        for column, (measure, most) in numbers.items():
            if column in ("pass1", "greedy") and not any(run.scores[column] for run in runs.values()):
                continue
            ends = bounded([measure(run) for run in runs.values()], most)
            line |= dict(zip((column, f"{column}_low", f"{column}_high"), ends, strict=True))
        built = [run.summary["roles"] for run in runs.values() if run.summary["roles"]]
        if built:
            kinds = ("weights", "gradients", "optimizer", "buffers")
            line["states"] = sum(role[kind] for role in built[0].values() for kind in kinds)
        found[(name,)] = line
    return found


def pairs(results: Path, part: str) -> dict[Key, Line]:
    """By pair: difference of final pass@1, ratios of seconds and of peaks, probability of improvement."""
    found, cells = {}, cells_of(results, part)
    for b, a in combinations(cells, 2):
        seeds = [seed for seed in cells[a] if seed in cells[b]]
        line: Line = {}

        def both(measure: Callable[[Run], float | None], x: str = a, y: str = b, of: list[int] = seeds) -> list[Any]:
            rows = [(measure(cells[x][seed]), measure(cells[y][seed])) for seed in of]
            return [row for row in rows if None not in row]

        if scores := both(lambda run: run.final("pass1") if run.scores["pass1"] else None):
            ends = interval([x - y for x, y in scores], always_t=True)
            line |= dict(zip(_named("pass1_difference"), ends, strict=True))
            line["probability_of_improvement"] = fmean((x > y) + 0.5 * (x == y) for x, _ in scores for _, y in scores)
        for column, measure in (("seconds_ratio", Run.seconds), ("peak_ratio", Run.peak)):
            if (values := both(measure)) and min(min(row) for row in values) > 0:
                ends = interval([math.log(x / y) for x, y in values], always_t=True)
                line |= dict(zip(_named(column), [None if e is None else math.exp(e) for e in ends], strict=True))
        found[(a, b)] = line
    return found


def _named(column: str) -> tuple[str, str, str]:
    return column, f"{column}_low", f"{column}_high"


def smallest(cells: dict[str, dict[int, Run]]) -> dict[str, float]:
    """By budget, the smallest total of a run that did not diverge."""
    runs = [run for of_cell in cells.values() for run in of_cell.values() if not run.diverged]
    totals = {budget: [run.curve(budget)[-1][0] for run in runs if run.scores["pass1"]] for budget in COSTS}
    return {budget: min(found) for budget, found in totals.items() if found}


def budgets(results: Path, part: str) -> dict[Key, Line]:
    """By cell and budget: pass@1 where as much was spent as the run that spent least."""
    found, cells = {}, cells_of(results, part)
    for budget, amount in smallest(cells).items():
        for name, runs in cells.items():
            values = []
            for run in runs.values():
                spent, scores = zip(*run.curve(budget), strict=True)
                reached = amount <= spent[-1] * (1 + 1e-12)
                values.append(float(np.interp(amount, spent, scores)) if reached else 0.0 if run.diverged else None)
            ends = bounded(values, 1.0)
            found[(name, budget)] = {"amount": amount, **dict(zip(("pass1", "low", "high"), ends, strict=True))}
    return found


def targets(results: Path, part: str) -> dict[Key, Line]:
    """By cell, target and budget: how many runs reached it, and the median by Kaplan-Meier."""
    found, cells = {}, cells_of(results, part)
    for budget in smallest(cells):
        longest = max(run.curve(budget)[-1][0] for runs in cells.values() for run in runs.values())
        for target in TARGETS:
            for name, runs in cells.items():
                times = []
                for run in runs.values():
                    points = run.curve(budget)
                    hit = next((spent for spent, score in points if score >= target), None)
                    end = longest if run.diverged else points[-1][0]
                    times.append((end, False) if hit is None else (hit, True))
                line = {"reached": sum(hit for _, hit in times), "n": len(times), "median": kaplan_meier(times)}
                found[(name, f"{target:g}", budget)] = line
    return found


def kaplan_meier(times: Sequence[tuple[float, bool]]) -> float | None:
    """The first time by which half have arrived; those that did not were watched until their own time."""
    left = 1.0
    for time in sorted({t for t, hit in times if hit}):
        waiting = sum(t >= time for t, _ in times)
        left *= 1 - sum(t == time and hit for t, hit in times) / waiting
        if left <= 0.5 + 1e-12:
            return time
    return None


TABLES: dict[str, tuple[Callable[[Path, str], dict[Key, Line]], tuple[str, ...]]] = {
    "comparison": (comparison, ("cell",)),
    "pairwise": (pairs, ("a", "b")),
    "budgets": (budgets, ("cell", "budget")),
    "targets": (targets, ("cell", "target", "budget")),
}


def differences(results: Path, tables: Path) -> tuple[int, list[str]]:
    """How many numbers of the CSV files were compared, and those that differ by more than rounding."""
    compared, wrong = 0, []
    for part in json.loads((results / "suite.json").read_text())["parts"]:
        for table, (compute, key) in TABLES.items():
            path = tables / f"{table}-{part['name']}.csv"
            if not path.exists():
                continue
            again = compute(results, part["name"])
            with path.open(newline="", encoding="utf-8") as file:
                for line in csv.DictReader(file):
                    expected = again[tuple(f"{float(line[k]):g}" if k == "target" else line[k] for k in key)]
                    for column, value in expected.items():
                        compared += 1
                        if not _same(line[column], value):
                            wrong.append(f"{path.name}: {[line[k] for k in key]} {column}: {line[column]}, not {value}")
    return compared, wrong


def _same(text: str, value: float | None) -> bool:
    if value is None or text == "":
        return value is None and text == ""
    return math.isclose(float(text), value, rel_tol=1e-8, abs_tol=1e-12)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    count, found = differences(folder, folder / "report" / "tables")
    print(*found, f"{count} numbers compared, {len(found)} differ", sep="\n")
    sys.exit(bool(found))
