"""The table of the random searches is made here: the best trial of each with its settings."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.environments import show
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.tuning import NEAR, expected_best, searches
from rlvr_bench.reports.page.table import Table, csv_text

COLUMNS = ("search", "trials", "best score", "its settings", "median score", "near the best")
NOTE = (
    "Score of a trial: mean over its seeds of the pass@1 of its last evaluation, on the validation split. Trials: with "
    f"a score, of planned. Near the best: share of the trials that reach {numbers.whole_percent(NEAR)} of the best "
    "score. Settings: those that the search drew."
)


def tuning_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """One row per search; empty where the part has none."""
    rows = []
    for search in searches(cells):
        best, scores = search.best, sorted(t.score for t in search.trials)
        settings = ", ".join(f"{key} = {_short(value)}" for key, value in best.settings.items())
        middle = (scores[(len(scores) - 1) // 2] + scores[len(scores) // 2]) / 2
        rows.append(
            (
                one_line(search.label),
                f"{len(search.trials)} of {search.planned}",
                f"{numbers.share(best.score)} ({numbers.count(best.seeds, 'seed')})",
                one_line(settings) or "none differ",
                numbers.share(middle),
                numbers.percent(search.near_best),
            )
        )
    return Table("Random searches", COLUMNS, tuple(rows), NOTE)


def tuning_csv(part: PartInfo, cells: Sequence[Cell]) -> str:
    """Every trial with its settings, and the expected best of as many trials of its search as its place says."""
    found = searches(cells)
    keys = sorted({key for s in found for t in s.trials for key in t.settings})
    lines: list[list[object]] = [["search", "trial", "score", "seeds", *keys, "place", "expected_best_of_so_many"]]
    for search in found:
        expected = expected_best([t.score for t in search.trials])
        for place, trial in enumerate(search.trials, start=1):
            settings = [show(trial.settings[key]) if key in trial.settings else "" for key in keys]
            line = [
                search.name,
                trial.cell.name,
                trial.score,
                trial.seeds,
                *settings,
                place,
                float(expected[place - 1]),
            ]
            lines.append(line)
    return csv_text(lines)


def _short(value: object) -> str:
    """Drawn numbers have as many digits as a float has."""
    return f"{value:.3g}" if isinstance(value, float) else show(value)
