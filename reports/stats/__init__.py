"""Statistics of the reports: numpy and scipy only, no records.  What the rest of the reports uses is named here."""

from rlvr_bench.reports.stats.estimate import ALPHA, LEVEL, REPLICATES, SEED, SMALL_N, Array, Estimate, rng
from rlvr_bench.reports.stats.families import Verdict, holm, verdicts
from rlvr_bench.reports.stats.intervals import (
    bootstrap,
    interquartile_mean,
    mean_estimate,
    paired_difference,
    paired_ratio,
    probability_of_improvement,
    t_interval,
    variance_ratio,
)
from rlvr_bench.reports.stats.judging import Judgment, Outcome, Range, floored, judge
from rlvr_bench.reports.stats.powers import Power, power
from rlvr_bench.reports.stats.shares import fisher_exact, share_difference, wilson, zero_event_upper
from rlvr_bench.reports.stats.t_tests import Kind, PairedTest, Scale, paired_test, t_test, tost

__all__ = [
    "ALPHA",
    "LEVEL",
    "REPLICATES",
    "SEED",
    "SMALL_N",
    "Array",
    "Estimate",
    "Judgment",
    "Kind",
    "Outcome",
    "PairedTest",
    "Power",
    "Range",
    "Scale",
    "Verdict",
    "bootstrap",
    "fisher_exact",
    "floored",
    "holm",
    "interquartile_mean",
    "judge",
    "mean_estimate",
    "paired_difference",
    "paired_ratio",
    "paired_test",
    "power",
    "probability_of_improvement",
    "rng",
    "share_difference",
    "t_interval",
    "t_test",
    "tost",
    "variance_ratio",
    "verdicts",
    "wilson",
    "zero_event_upper",
]
