"""The pairwise loss, the frozen normalization, and accuracy and calibration on held-out pairs."""

from __future__ import annotations

import math

import torch

from rlvr_bench.rewards.learned import Normalizer, bradley_terry_loss, calibration, pair_accuracy
from tests.tolerance import assert_close


def test_the_loss_by_hand() -> None:
    # -log sigmoid(0) = log 2; -log sigmoid(log 3) = -log(3/4) = log(4/3); the mean of both
    loss = bradley_terry_loss(torch.tensor([1.0, math.log(3)]), torch.tensor([1.0, 0.0]))
    assert_close((math.log(2) + math.log(4 / 3)) / 2, loss)


def test_the_gradient_raises_the_right_score_and_lowers_the_wrong_one() -> None:
    right, wrong = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    bradley_terry_loss(right, wrong).backward()
    # d/dr+ of -log sigmoid(r+ - r-) at 0 is -1/2, over 2 pairs -1/4
    assert right.grad is not None and right.grad.tolist() == [-0.25, -0.25]
    assert wrong.grad is not None and wrong.grad.tolist() == [0.25, 0.25]


def test_the_normalizer_is_frozen_and_never_divides_by_nothing() -> None:
    fitted = Normalizer.fit(torch.tensor([1.0, 2.0, 3.0]))  # mean 2, sample variance (1 + 0 + 1) / 2 = 1
    assert (fitted.mean, fitted.std) == (2.0, 1.0)
    assert fitted(torch.tensor([4.0, 2.0])).tolist() == [2.0, 0.0]
    for scores in ([5.0], [5.0, 5.0]):
        assert Normalizer.fit(torch.tensor(scores)) == Normalizer(5.0, 1.0)


def test_ties_count_half() -> None:
    assert pair_accuracy(torch.tensor([1.0, 0.0, 2.0, 3.0]), torch.tensor([0.0, 1.0, 2.0, 1.0])) == 2.5 / 4


def test_calibration_by_hand() -> None:
    # margins log 3, -log 3, 0: confidences 3/4, 3/4, 1/2; with 2 bins [.5, .75) and [.75, 1]
    rows = calibration(torch.tensor([math.log(3), 0.0, 1.0]), torch.tensor([0.0, math.log(3), 1.0]), bins=2)
    assert [row["pairs"] for row in rows] == [1, 2]
    assert [row["accuracy"] for row in rows] == [0.5, 0.5]
    confidences = torch.tensor([row["confidence"] for row in rows], dtype=torch.float64)
    assert_close([0.5, 0.75], confidences, as_float32=True)
