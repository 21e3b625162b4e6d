"""Over-optimization of two algorithms is compared at equal distance from the base model here, not at equal steps.

reward.algorithm   Without a critic and with it, a learned reward is over-optimized equally: at equal sqrt(KL) from
                   the base model their true rewards differ by less than MARGIN, an equivalence.  Compared is the mean
                   of the difference over the quarter points of the stretch of distances that all curves of both cells
                   cover, one number a pair of seeds; each point's own difference and the heights of the peaks, picked
                   on one half of the seeds and read on the other, stand beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.matching import described, display
from rlvr_bench.reports.cells.pairing import Paired, pair
from rlvr_bench.reports.cells.reward_setting import MODELED, reward_setting
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.claims.judged import Proposition, describe
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.overoptimization import cross_fitted_peak, final_distance, paths, quarter_points
from rlvr_bench.reports.measures.reward_models import reward_models
from rlvr_bench.reports.stats import Range, at_distances, compare_at_distances

MARGIN = (
    0.10  # of true reward: what .2 standard deviations of the gap at equal steps, the rule before this one, came to
)
FLOOR = 0.05  # of the true reward, below which there is hardly anything to differ by


def algorithm(cells: Sequence[Cell]) -> list[Finding]:
    """reward.algorithm"""
    matched = [p for p in matching.matched_pairs(cells) if reward_setting(p[0]).source in MODELED]
    needs = "it needs two algorithms that differ by the critic alone, with one learned reward."
    return [_algorithm(p, described(p, matched)) for p in matched] or [_no(needs)]


def _no(reason: str) -> Finding:
    return not_tested("reward.algorithm", "PPO and GRPO over-optimize a learned reward equally.", reason)


def _algorithm(matched: matching.Pair, reward: str) -> Finding:
    critic, free = matched
    a, b = paths(free), paths(critic)
    seeds = [s for s in a if s in b]
    distances = quarter_points([*a.values(), *b.values()])
    if not seeds or not distances:
        return _no("no seed of a matched pair recorded true reward and distance in both cells, on a common stretch.")
    read = [[at_distances(curves[s], distances) for s in seeds] for curves in (a, b)]
    values = Paired(tuple(seeds), *(tuple(float(x.mean()) for x in cell) for cell in read))
    proposition = Proposition(
        id="reward.algorithm",
        claim=f"{reward[0].upper()}{reward[1:]}, {display(free)} and {display(critic)} over-optimize equally: at equal "
        f"distance from the base model their true rewards differ by less than {100 * MARGIN:g} points.",
        question="reward",
        kind="equivalent",
        margin=MARGIN,
        pair=(free.label, critic.label),
        unit="points",
        limits=Range(0.0, 1.0, max(float(x.max()) for cell in read for x in cell) < FLOOR),
    )
    return describe(
        proposition,
        values,
        equal=held_equal(*matched),
        rule="Mean over the quarter points of the common stretch of sqrt(KL), "
        f"{', '.join(f'{d:.2f}' for d in distances)} sqrt(nats a completion).",
        note=" ".join(_notes(matched, distances)),
    )


def _notes(matched: matching.Pair, distances: Sequence[float]) -> list[str]:
    critic, free = matched
    each = [
        f"{numbers.with_interval(found.difference, numbers.points)} at {found.distance:.2f}"
        for found in compare_at_distances(paths(free), paths(critic), list(distances))
    ]
    notes = [f"Points of true reward by distance ({numbers.INTERVAL}s): {'; '.join(each)}."]
    peaks = [(cell, cross_fitted_peak(cell)) for cell in (free, critic)]
    if all(peak for _, peak in peaks):
        texts = [
            f"{display(c)} {numbers.with_interval(p.height, numbers.share)} at {fmean(p.positions):.2f}"
            for c, p in peaks
            if p
        ]
        notes.append(f"Peaks, picked on one half of the seeds and read on the other: {', '.join(texts)}.")
    if gone := pair(free, critic, final_distance):
        notes.append(
            f"sqrt(KL) ended at {fmean(gone.a):.2f} ({display(free)}) and {fmean(gone.b):.2f} ({display(critic)}): at "
            "equal steps the two are not equally far."
        )
    if n := len(reward_models(matched)):
        notes.append(f"The runs were trained on {numbers.count(n, 'reward model')}.")
    return notes
