"""The page's words about methods have the numbers that were computed with."""

from __future__ import annotations

from rlvr_bench.reports.page.methods import METHODS, seeds_remark


def test_methods_have_the_constants() -> None:
    text = " ".join(METHODS)
    for words in (
        "95 % intervals", "below 10 seeds", "10,000 draws", "last tenth of the planned steps",
        "for 3 evaluations and to the end",
        "below 10 % of its first value while pass@1 is below .9", "over 80 %", "10 times its median",
        "more than 10 % of its seconds", "needs 30 timed steps",
    ):  # fmt: skip
        assert words in text


def test_few_seeds_are_remarked_on() -> None:
    assert [seeds_remark(n) for n in (0, 10, 20)] == ["", "", ""]
    assert seeds_remark(1).startswith("n = 1 is one seed:")
    assert seeds_remark(3).startswith("n = 3 is three seeds, no more.")
    assert seeds_remark(5).startswith("n = 5 is 5 seeds, no more.")
