"""Whether a part could tell its algorithms apart at all is tabled here: room to learn, clipping, and the critic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.matching import setting
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.accuracy import GREEDY, start
from rlvr_bench.reports.measures.costs.step_time import timed_rows
from rlvr_bench.reports.measures.windows import last_quarter, training_series
from rlvr_bench.reports.page.table import Table

NOTE = (
    "Means over the finished seeds, steps of the critic's warm-up left out. Where nothing is clipped and the new "
    "policy stays at the old one, PPO's and GRPO's losses are the same but for the baseline; a critic with an "
    "explained variance of 0 or less is no better than a constant. Updates: optimizer steps of the actor in one step "
    "of training. Explained variance: mean of the last quarter of the steps; before: of the pretrained critic, on new "
    "completions of the base model. The completions that it was pretrained on are in no budget of the page. Silent "
    "groups: all completions of a prompt earned the same."
)


@dataclass(frozen=True)
class Instrument:
    """One column."""

    title: str
    of: Callable[[Run], float | None]
    show: numbers.Format


def _mean(metric: str) -> Callable[[Run], float | None]:
    """Over the steps in which the actor was trained."""

    def of(run: Run) -> float | None:
        train = run.config.get("train")
        alone = int(train.get("critic_warmup_steps") or 0) if isinstance(train, Mapping) else 0
        values = [v for step, v in training_series(run, metric) if step > alone]
        return fmean(values) if values else None

    return of


def _items(run: Run) -> float | None:
    """Of the last evaluation."""
    if run.evaluations:
        return float(len(run.evaluations[-1].right))
    recorded = run.series("eval/items")
    return recorded[-1][1] if recorded else None


def _last(run: Run) -> float | None:
    return last_quarter(run, "train/explained_variance")


def _pretrained(fact: str) -> Callable[[Run], float | None]:
    """Of the critic before the run."""

    def of(run: Run) -> float | None:
        found = run.summary.critic.get(fact) if run.summary else None
        return float(found) if isinstance(found, int | float) else None

    return of


def _whole(value: float) -> str:
    return numbers.whole(round(value))


INSTRUMENTS = (
    Instrument("greedy before", partial(start, metric=GREEDY), numbers.share),
    Instrument("pass@1 before", start, numbers.share),
    Instrument("clip fraction", _mean("train/clip_fraction"), numbers.share),
    Instrument("KL to old (nats/token)", _mean("train/approx_kl"), numbers.number),
    Instrument("critic pretrained on", _pretrained("completions"), _whole),
    Instrument("explained variance before", _pretrained("explained_variance"), numbers.change),
    Instrument("explained variance", _last, numbers.change),
    Instrument("silent groups", _mean("rollout/zero_std_groups"), numbers.share),
    Instrument("items", _items, _whole),
    Instrument("timed steps", lambda run: float(len(timed_rows(run))), _whole),
)


def instrument_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """One row a cell that finished; columns that no cell can fill are left out."""
    made = [(one_line(c.label), updates(c), [_over(c, i) for i in INSTRUMENTS]) for c in cells if c.finished]
    kept = [n for n in range(len(INSTRUMENTS)) if any(entries[n] != numbers.ABSENT for _, _, entries in made)]
    rows = tuple((label, per_step, *(entries[n] for n in kept)) for label, per_step, entries in made)
    columns = ("cell", "updates", *(INSTRUMENTS[n].title for n in kept))
    return Table("Room to learn, clipping, and the critic", columns, rows, NOTE)


def updates(cell: Cell) -> str:
    """Optimizer steps of the actor for each rollout: epochs times minibatches."""
    epochs, minibatches = setting(cell, "train", "epochs"), setting(cell, "train", "minibatches")
    return str(epochs * minibatches) if isinstance(epochs, int) and isinstance(minibatches, int) else numbers.ABSENT


def _over(cell: Cell, instrument: Instrument) -> str:
    values = [v for r in cell.finished if (v := instrument.of(r)) is not None]
    return instrument.show(fmean(values)) if values else numbers.ABSENT
