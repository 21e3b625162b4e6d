"""Everything wrong with a config comes in one error."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from rlvr_bench.harness.tasks.settings import range_problems, refuse_settings, share_problems, template_problems


def test_templates_and_shares() -> None:
    assert template_problems("a {prompt} {b}") == [] and share_problems(0.5) == []
    assert template_problems("{x}") == ["template must contain {prompt}, got '{x}'"]
    assert [len(share_problems(share)) for share in (0, 1, -1, float("nan"))] == [1] * 4


@pytest.mark.parametrize(
    ("least", "most", "named"),
    [
        (2, 64, []),
        (1, 64, ["min_digits must be at least 2, got 1"]),
        (2, 65, ["max_digits must be at most 64, got 65"]),
        (5, 4, ["max_digits (4) must not be below min_digits (5)"]),
        (1, 0, ["min_digits must be at least 2, got 1", "max_digits (0) must not be below min_digits (1)"]),
    ],
)
def test_a_range_lies_in_order_within_its_limits(least: int, most: int, named: list[str]) -> None:
    assert range_problems(SimpleNamespace(min_digits=least, max_digits=most), "digits", 2, 64) == named


def test_all_problems_are_named_at_once() -> None:
    refuse_settings([])
    with pytest.raises(ValueError, match=r"^a; b$"):
        refuse_settings(["a", "b"])
