"""Everything wrong with a config comes in one error."""

from __future__ import annotations

import pytest

from rlvr_bench.harness.tasks.settings import refuse_settings, share_problems, template_problems


def test_templates_and_shares() -> None:
    assert template_problems("a {prompt} {b}") == [] and share_problems(0.5) == []
    assert template_problems("{x}") == ["template must contain {prompt}, got '{x}'"]
    assert [len(share_problems(share)) for share in (0, 1, -1, float("nan"))] == [1] * 4


def test_all_problems_are_named_at_once() -> None:
    refuse_settings([])
    with pytest.raises(ValueError, match=r"^a; b$"):
        refuse_settings(["a", "b"])
