"""What share of the groups carries no signal is described here, for each algorithm that compares within groups.

groups.silent   In the last quarter of the planned steps most groups (over MOST) have equal rewards, hence no signal:
                supported if the interval of the share lies above MOST, refuted if below.  The whole run and its first
                quarter stand beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.matching import roles
from rlvr_bench.reports.cells.reward_setting import VERIFIER, reward_setting
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.claims.judged import Proposition, alone, describe
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.over_seeds import over_seeds
from rlvr_bench.reports.measures.windows import (
    last_quarter,
    quarter_means,
    quarters_in_words,
    short_runs,
    training_series,
)
from rlvr_bench.reports.stats import Estimate, t_interval

ID = "groups.silent"
METRIC = "rollout/zero_std_groups"
MOST = 0.5
CLAIM = "At the end of training most groups have equal rewards and give no signal."
NEEDS = "it needs a finished cell without a critic, trained on the verifier, with groups of several completions."


def silent(cells: Sequence[Cell]) -> list[Finding]:
    """groups.silent"""
    chosen = [c for c in cells if _compares(c) and any(last_quarter(r, METRIC) is not None for r in c.finished)]
    return [_silent(c) for c in chosen] or [not_tested(ID, CLAIM, NEEDS)]


def _compares(cell: Cell) -> bool:
    """Whether the baseline of an advantage is the group: no critic, and one reward that can differ in a group."""
    setting = reward_setting(cell)
    return bool(roles(cell)) and "critic" not in roles(cell) and setting.source == VERIFIER and not setting.noisy


def _silent(cell: Cell) -> Finding:
    first, last = quarters_in_words([cell])
    shares = {r.seed: v for r in cell.finished if (v := last_quarter(r, METRIC)) is not None}
    proposition = Proposition(
        id=ID,
        claim=f"In {last} over {numbers.whole_percent(MOST)} of the groups of {cell.label} have equal rewards and give "
        "no signal.",
        question="accuracy",
        kind="greater",
        margin=0.0,
        center=MOST,
        show=numbers.percent,
        noun="the share",
    )
    starts = [q[0] for r in cell.finished if (q := quarter_means(r, training_series(r, METRIC)))]
    whole = over_seeds(cell, lambda r: _mean([v for _, v in training_series(r, METRIC)]), most=1.0)
    note = (
        f"{first[0].upper()}{first[1:]}: {_text(t_interval(starts) if starts else None)}; all steps: {_text(whole)}. "
        f"{short_runs([cell])}"
    )
    return describe(
        proposition,
        alone(list(shares), list(shares.values())),
        equal="one cell, nothing compared",
        rule=f"Mean over {last}.",
        note=note.strip(),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _text(estimate: Estimate | None) -> str:
    return numbers.with_interval(estimate, numbers.percent)
