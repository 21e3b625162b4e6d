"""pass@k, maj@k and the best of n from the samples of an item, as plain arithmetic."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence


def pass_at_k(samples: int, right: int, k: int) -> float:
    """Probability that at least one of k of the samples, drawn without replacement, is right.

    Unbiased for the probability that one of k fresh samples is: 1 - C(n - c, k) / C(n, k).

    Raises:
        ValueError: k outside 1..samples, or right outside 0..samples.
    Source: Chen et al. 2021, arXiv:2107.03374.  Integers stay exact, so no product form is needed.
    """
    _require_k(samples, k)
    if not 0 <= right <= samples:
        raise ValueError(f"right must lie in 0..{samples}, got {right}")
    return 1 - math.comb(samples - right, k) / math.comb(samples, k)


def mean_pass_at_k(rewards: Sequence[Sequence[float]], k: int) -> float:
    """Mean of pass@k over items; a sample is right where its reward is positive."""
    return _mean([pass_at_k(len(item), sum(reward > 0 for reward in item), k) for item in rewards])


def maj_at_k(answers: Sequence[str | None], correct: Sequence[bool], k: int) -> float:
    """How often the most frequent answer of k samples is right, over the n // k disjoint blocks of k.

    Each block gives the mean over its most frequent answers (ties share) of the share of right completions
    among those that gave the answer.  None is no answer: it has no vote, and an item without any earns 0.

    Raises:
        ValueError: k outside 1..n, or answers and flags of different lengths.
    """
    if len(answers) != len(correct):
        raise ValueError(f"{len(answers)} answers, {len(correct)} flags")
    _require_k(len(answers), k)
    starts = range(0, len(answers) - k + 1, k)
    return _mean([_vote(answers[start : start + k], correct[start : start + k]) for start in starts])


def mean_maj_at_k(answers: Sequence[Sequence[str | None]], correct: Sequence[Sequence[bool]], k: int) -> float:
    """Mean of maj@k over items."""
    return _mean([maj_at_k(*item, k) for item in zip(answers, correct, strict=True)])


def best_of_n(scores: Sequence[float], values: Sequence[float], n: int) -> float:
    """Expected value of the sample with the highest score among n of these, drawn without replacement.

    Unbiased for that of n fresh samples.  With the scores in rising order, the i-th of N is the best of n in
    C(i - 1, n - 1) of C(N, n) draws; samples of equal score have equal chances, so each of them has their mean value.

    Raises:
        ValueError: n outside 1..N, or scores and values of different lengths.
    Source: Nakano et al. 2021, arXiv:2112.09332, appendix I.
    """
    if len(scores) != len(values):
        raise ValueError(f"{len(scores)} scores, {len(values)} values")
    _require_k(len(scores), n)
    alike: dict[float, list[float]] = defaultdict(list)
    for score, value in zip(scores, values, strict=True):
        alike[score].append(value)
    total, below, draws = 0.0, 0, math.comb(len(scores), n)
    for score in sorted(alike):
        reached = below + len(alike[score])
        total += (math.comb(reached, n) - math.comb(below, n)) / draws * _mean(alike[score])
        below = reached
    return total


def _vote(answers: Sequence[str | None], correct: Sequence[bool]) -> float:
    flags: dict[str, list[bool]] = defaultdict(list)
    for answer, flag in zip(answers, correct, strict=True):
        if answer is not None:
            flags[answer].append(bool(flag))
    most = max(map(len, flags.values()), default=0)
    return _mean([_mean(given) for given in flags.values() if len(given) == most]) if flags else 0.0


def _require_k(samples: int, k: int) -> None:
    if not 1 <= k <= samples:
        raise ValueError(f"k must lie in 1..{samples}, the number of samples an item, got {k}")


def _mean(values: Sequence[float]) -> float:
    if not values:
        raise ValueError("no items")
    return math.fsum(values) / len(values)
