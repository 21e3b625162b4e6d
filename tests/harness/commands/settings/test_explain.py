"""`rlvr-bench explain`: lines for a terminal."""

from __future__ import annotations

import pytest

from rlvr_bench.harness.errors import UserError
from tests.harness.cli_calls import call


def test_a_setting_is_told_with_meaning_type_and_default() -> None:
    status, out, _ = call("explain", "rollout.temperature")
    assert (status, out.splitlines()) == (
        0,
        [
            "rollout.temperature",
            "    Divides the logits in sampling and in scoring, > 0.",
            "    type     number, above 0",
            "    default  1.0",
        ],
    )


def test_each_plugin_that_has_it_is_told_apart() -> None:
    out = call("explain", "algorithm.kl_coef")[1]
    assert "algorithm.kl_coef  (grpo)" in out
    assert "algorithm.kl_coef  (ppo)" in out


def test_no_line_is_wider_than_a_table() -> None:
    assert max(map(len, call("explain", "reward")[1].splitlines())) <= 100


def test_an_unknown_setting_is_an_error() -> None:
    with pytest.raises(UserError, match=r"no setting 'train.stepz'; did you mean train.steps"):
        call("explain", "train.stepz")
