"""Decision rules and Holm's correction, by hand."""

from __future__ import annotations

from rlvr_bench.reports.claims.decide import adjust, decide_above, decide_below, decide_inside, decide_same, p_inside
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.stats import Estimate, t_interval
from tests.reports.decimals import close


def estimate(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 3, "t")


ONE_SEED = Estimate(1.0, None, None, 1, "single")


def test_above_and_below_are_mirrors() -> None:
    places = ((1, 2), (-2, -1), (-1, 1))
    assert [decide_above(estimate(*i), 0) for i in places] == ["supported", "refuted", "inconclusive"]
    assert [decide_below(estimate(*i), 0) for i in places] == ["refuted", "supported", "inconclusive"]
    assert decide_above(ONE_SEED, 0) == decide_below(ONE_SEED, 0) == "inconclusive"


def test_inside() -> None:
    inside = [decide_inside(estimate(*i), 0, 10) for i in ((1, 2), (11, 12), (-2, -1), (9, 11))]
    assert inside == ["supported", "refuted", "refuted", "inconclusive"]
    assert decide_inside(ONE_SEED, 0, 10) == "inconclusive"


def test_the_same_rule_by_hand() -> None:
    values = [0.0, 0.01, 0.02]  # mean .01, se .0057735
    found = t_interval(values)
    conclusion, p = decide_same(found, values, 0.1)
    # nearer edge .1: t = .09 / .0057735 = 15.588457, one-sided p = (1 - t / sqrt(t^2 + 2)) / 2
    assert conclusion == "supported"
    close(p, (1 - 15.588457 / (15.588457**2 + 2) ** 0.5) / 2, places=8)
    assert decide_same(found, values, 0.001)[0] == "inconclusive"
    assert decide_same(ONE_SEED, [1.0], 0.1) == ("inconclusive", None)


def test_p_inside_is_of_what_the_mean_suggests() -> None:
    # mean 2, se .577350; inside (-2, 6) TOST: p = (1 - sqrt(48 / 50)) / 2
    close(p_inside([1, 2, 3], -2.0, 6.0), (1 - (48 / 50) ** 0.5) / 2, places=6)
    # below the band (4, 6): two-sided against 4, t = -3.464102, p = 1 - sqrt(12 / 14)
    close(p_inside([1, 2, 3], 4.0, 6.0), 1 - (12 / 14) ** 0.5, places=6)


def test_holm_withdraws_a_decision() -> None:
    found = adjust(
        [
            Finding(id="x", claim="", conclusion="supported", p=0.03),
            Finding(id="y", claim="", conclusion="supported", p=0.001),
            Finding(id="z", claim="", conclusion="refuted", p=0.04),
            Finding(id="exact", claim="", conclusion="refuted"),
        ]
    )
    # .001 * 3 = .003, .03 * 2 = .06, then .06; without a p nothing is corrected
    assert [f.conclusion for f in found] == ["inconclusive", "supported", "inconclusive", "refuted"]
    assert "Holm" in found[0].note
