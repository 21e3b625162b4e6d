"""pass@k and maj@k against hand-worked numbers."""

from itertools import combinations

import pytest

from rlvr_bench.harness.accuracy.estimators import best_of_n, maj_at_k, mean_maj_at_k, mean_pass_at_k, pass_at_k


@pytest.mark.parametrize(
    ("samples", "right", "k", "expected"),
    [
        (4, 1, 1, 0.25),
        (4, 1, 2, 0.5),  # 1 - C(3,2)/C(4,2) = 1 - 3/6
        (5, 2, 3, 0.9),  # 1 - C(3,3)/C(5,3) = 1 - 1/10
        (4, 0, 4, 0.0),
        (4, 4, 1, 1.0),
        (4, 3, 2, 1.0),  # two of four always hold one of three
        (1000, 1, 500, 0.5),
    ],
)
def test_pass_at_k(samples, right, k, expected):
    assert pass_at_k(samples, right, k) == pytest.approx(expected, abs=1e-12)


def test_pass_at_k_counts_subsets():
    for samples in range(1, 7):
        for right in range(samples + 1):
            flags = [i < right for i in range(samples)]
            for k in range(1, samples + 1):
                draws = [any(draw) for draw in combinations(flags, k)]
                assert pass_at_k(samples, right, k) == pytest.approx(sum(draws) / len(draws), abs=1e-12)


def test_mean_pass_at_k_of_different_lengths():
    # items: 1/4 and 2/2 -> (0.25 + 1) / 2
    assert mean_pass_at_k([[1, 0, 0, 0], [1.0, 0.5]], 1) == 0.625


@pytest.mark.parametrize("bad", [(4, 1, 0), (4, 1, 5), (4, 5, 1), (4, -1, 1), (0, 0, 1)])
def test_pass_at_k_refuses(bad):
    with pytest.raises(ValueError, match="must lie in"):
        pass_at_k(*bad)


T, F = True, False


@pytest.mark.parametrize(
    ("answers", "correct", "k", "expected"),
    [
        (["4", "5", "4"], [T, F, T], 3, 1.0),
        (["5", "5", "4"], [F, F, T], 3, 0.0),
        (["4", "5"], [T, F], 2, 0.5),  # a tie
        (["4", "5", "6"], [T, F, F], 3, 1 / 3),
        ([None, None, None, "4"], [F, F, F, T], 4, 1.0),  # None has no vote
        ([None, None], [F, F], 2, 0.0),
        (["4", "4", "5"], [T, F, F], 3, 0.5),  # the same answer once in a bad shape
        (["4", "5", "5", "4", "4", "4"], [T, F, F, T, T, T], 3, 0.5),  # blocks 455 -> 0 and 444 -> 1
        (["4", "4", "4", "5", "5"], [T, T, T, F, F], 3, 1.0),  # an incomplete block is left out
        (["4", "5"], [T, F], 1, 0.5),
    ],
)
def test_maj_at_k(answers, correct, k, expected):
    assert maj_at_k(answers, correct, k) == pytest.approx(expected, abs=1e-12)


def test_mean_maj_at_k_and_refusals():
    assert mean_maj_at_k([["4", "4"], ["5", "4"]], [[T, T], [F, T]], 2) == 0.75
    for answers, correct, k in [(["4"], [T], 2), (["4"], [T], 0), (["4"], [], 1)]:
        with pytest.raises(ValueError, match=r"k must lie|flags"):
            maj_at_k(answers, correct, k)
    with pytest.raises(ValueError, match="no items"):
        mean_pass_at_k([], 1)


def test_best_of_n_by_hand():
    # Two of three: {1, 2} -> 20, {1, 3} -> 30, {2, 3} -> 30.
    assert best_of_n([1.0, 2.0, 3.0], [10, 20, 30], 2) == pytest.approx(80 / 3, abs=1e-12)
    assert best_of_n([3.0, 1.0, 2.0], [10, 20, 30], 1) == pytest.approx(20)
    assert best_of_n([3.0, 1.0, 2.0], [10, 20, 30], 3) == pytest.approx(10)
    assert best_of_n([1.0, 1.0], [0, 1], 2) == 0.5  # equal scores: either


def test_best_of_n_counts_subsets():
    """Equal scores share what the best of a draw is worth."""
    scores, values = [0.3, 0.1, 0.3, 0.7, 0.1, 0.7], [1, 0, 0, 1, 1, 0]
    for n in range(1, 7):
        found = []
        for draw in combinations(range(6), n):
            best = max(scores[i] for i in draw)
            tied = [values[i] for i in draw if scores[i] == best]
            found.append(sum(tied) / len(tied))
        assert best_of_n(scores, values, n) == pytest.approx(sum(found) / len(found), abs=1e-12)


def test_best_of_n_refuses_what_it_cannot_take():
    with pytest.raises(ValueError, match="2 scores, 1 values"):
        best_of_n([1.0, 2.0], [1], 1)
    for n in (0, 3):
        with pytest.raises(ValueError, match=r"k must lie in 1\.\.2"):
            best_of_n([1.0, 2.0], [1, 0], n)
