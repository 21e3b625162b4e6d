"""Whether GRPO's groups carry a signal is judged here.

At most SILENT of GRPO's groups, over the whole run, have equal rewards and so no signal: supported if the interval of
the share lies below, refuted if above.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.reward_setting import VERIFIER
from rlvr_bench.reports.claims.decide import decide_below
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.windows import recorded_quarters, training_series
from rlvr_bench.reports.stats import mean_estimate, rng, t_test

ID = "groups.silent"
SILENT = 0.5
SILENT_TEXT = numbers.whole_percent(SILENT)
CLAIM = f"At most {SILENT_TEXT} of GRPO's groups have all-equal rewards, that is, no signal, over the whole run."


def silent(cells: Sequence[Cell]) -> list[Finding]:
    """groups.silent"""
    cell = next((c for c in cells if matching.algorithm(c) == "grpo" and matching.is_plain(c, VERIFIER)), None)
    series = [s for r in cell.finished if (s := training_series(r, "rollout/zero_std_groups"))] if cell else []
    if cell is None or not series:
        return [not_tested(ID, CLAIM, "it needs a finished GRPO cell with the verifier.")]
    shares = [float(np.mean([v for _, v in s])) for s in series]
    estimate = mean_estimate(shares, rng(), bounds=(0.0, 1.0))
    text = numbers.with_interval(estimate, numbers.percent)
    ends = [q for s in series if (q := recorded_quarters(s))]
    growth = ""
    if ends:
        first, last = (numbers.percent(float(np.mean([q[i] for q in ends]))) for i in (0, 1))
        growth = f"First quarter of the recorded steps {first}, last quarter {last} (means, n = {len(ends)}). "
    return [
        Finding(
            id=ID,
            claim=CLAIM,
            conclusion=decide_below(estimate, SILENT),
            effect=text,
            n=numbers.count(len(shares), "seed"),
            equal="one cell, nothing compared",
            rule=f"Supported if the {numbers.INTERVAL} of the share lies below {SILENT_TEXT}, refuted if above.",
            note=f"{growth}Whether the mean is the better baseline would need gradient variances, which are not "
            "recorded.",
            sentence=f"On average {text} of GRPO's groups had equal rewards and gave no signal.",
            estimate=estimate,
            p=t_test(shares, SILENT) if estimate.known else None,
        )
    ]
