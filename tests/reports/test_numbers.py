"""Numbers as text."""

from __future__ import annotations

from rlvr_bench.reports import numbers
from rlvr_bench.reports.stats import Estimate


def test_numbers_always_carry_their_interval() -> None:
    assert numbers.with_interval(Estimate(0.5, 0.4, 0.6, 3, "t"), numbers.percent) == "50.0 % [40.0 %, 60.0 %]"
    assert numbers.with_interval(Estimate(1, None, None, 1, "single"), numbers.factor) == "1.00 (n = 1, no interval)"
    assert numbers.with_interval(Estimate(1, 1, 1, 1, "exact"), numbers.factor, "s") == "1.00 s (exact)"
    assert numbers.with_interval(None, numbers.factor) == "—"


def test_each_kind() -> None:
    assert [numbers.size(x) for x in (5, 2048, 3 * 1024**3)] == ["5 B", "2.0 KiB", "3.00 GiB"]
    assert [numbers.number(x) for x in (0, 1.5, 123.4, 0.00012)] == ["0", "1.50", "123", "0.000120"]
    assert (numbers.points(0.0123), numbers.change(-0.5), numbers.percent(0.5)) == ("+1.2", "-0.500", "50.0 %")
    assert [numbers.count(n, "seed") for n in (1, 3)] == ["1 seed", "3 seeds"]
    assert [numbers.whole(n) for n in (8000, 10_000)] == ["8000", "10,000"]
    assert [numbers.p_value(p) for p in (None, 0.0001, 0.0312, 1.0)] == ["—", "< .001", ".031", "1"]


def test_thresholds_inside_sentences() -> None:
    assert [numbers.plain(x) for x in (0.05, 0.9, 2.0)] == [".05", ".9", "2"]
    assert (numbers.whole_percent(0.1), numbers.LEVEL_TEXT, numbers.INTERVAL) == ("10 %", "95 %", "95 % interval")


def test_ratios_as_comparisons() -> None:
    inf = float("inf")
    told = [
        (0.624, 0.61, 0.639),
        (1.55, 1.4, 1.7),
        (0.97, 0.9, 1.05),
        (inf, 4.35, inf),
        (8.0, 0.5, inf),
        (0.5, 0.0, inf),
    ]
    assert [numbers.compared(Estimate(*values, 3, "log t")) for values in told] == [
        "37.6 % lower [36.1, 39.0]", "1.55 times [1.40, 1.70]", "3.0 % lower [-5.0, 10.0]", "more than 4.35 times",
        "8.00 times [0.50, no upper end]", "0.50 times [0.00, no upper end]",
    ]  # fmt: skip
    assert numbers.compared(Estimate(0.5, None, None, 1, "single")) == "50.0 % lower (n = 1, no interval)"
    assert numbers.compared(Estimate(0.5, 0.5, 0.5, 1, "exact")) == "50.0 % lower"
    assert numbers.ratio(Estimate(0.97, 0.9, 1.05, 3, "log t")) == "0.97 [0.90, 1.05]"
    assert numbers.ratio(Estimate(2.0, 0.9, inf, 3, "log t")) == "2.00 [0.90, no upper end]"


def test_relative_errors() -> None:
    told = [numbers.error(value) for value in (-0.154, 0.0004, -0.0004, 0.0026)]
    assert told == ["-15.4 %", "0.0 %", "0.0 %", "+0.3 %"]
