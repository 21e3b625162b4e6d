"""From values to sentences: wording, thresholds and powers, by hand."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from rlvr_bench.reports.cells.pairing import Paired
from rlvr_bench.reports.claims.judged import (
    Proposition,
    accuracy_limits,
    alone,
    decided_by,
    describe,
    judge_values,
    spread_of,
)
from rlvr_bench.reports.stats import power
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS

LOWER = Proposition(
    id="memory.peak", claim="A's peak is at least 40 % lower.", question="memory", kind="less", margin=0.6,
    scale="ratio", pair=("A", "B"),
)  # fmt: skip
SAME = Proposition(
    id="accuracy.final", claim="A and B end within 2 points.", question="accuracy", kind="equivalent", margin=0.02,
    pair=("A: first", "B"), unit="points",
)  # fmt: skip


def paired(a: list[float], b: list[float]) -> Paired:
    return Paired(tuple(range(len(a))), tuple(a), tuple(b))


def test_a_ratio_reads_as_one_sentence() -> None:
    found = describe(LOWER, paired([0.624, 0.625, 0.623], [1.0, 1.0, 1.0]), equal="")
    # log ratios of .623 to .625 around .624: half width 4.302653 * .0016026 / sqrt(3) = .0039810
    assert found.sentence == "A's peak is at least 40 % lower: refuted, it is 37.6 % lower [37.4, 37.8]."
    assert found.effect == "37.6 % lower [37.4, 37.8]"
    assert found.rule == "Supported if the 95 % interval lies below 0.60, refuted if above."
    assert found.holds == (0.0, 0.6)
    close(found.estimate.value, (0.623 * 0.624 * 0.625) ** (1 / 3))


def test_a_difference_names_both_and_its_level() -> None:
    found = describe(SAME, paired([0.5, 0.501, 0.499], [0.5, 0.5, 0.5]), equal="")
    # sd .001: half width of the 90 % interval 2.919986 * .001 / sqrt(3) = .0016858
    assert found.sentence == (
        "A and B end within 2 points: supported, the difference (A: first less B) is +0.0 [-0.2, +0.2] points "
        "(90 % interval)."
    )
    assert found.effect == "A: first less B: +0.0 [-0.2, +0.2] points (90 % interval)"
    assert "lies inside -2.0 to +2.0 points" in found.rule
    assert found.level == 0.9


def test_one_cell_against_a_threshold() -> None:
    share = Proposition(
        id="x.y", claim="Most.", question="accuracy", kind="greater", margin=0.0, center=0.5, noun="the share"
    )
    found = describe(share, alone([0, 1, 2], [0.7, 0.71, 0.69]), equal="")
    assert found.conclusion == "supported"
    assert found.sentence.startswith("Most: supported, the share is +0.700 [")
    assert found.holds == (0.5, inf)
    assert found.n == "3 seeds"
    assert describe(share, alone([0, 1, 2], [0.3, 0.31, 0.29]), equal="").conclusion == "refuted"


def test_a_center_is_divided_out_of_a_ratio() -> None:
    band = replace(LOWER, kind="equivalent", margin=1.25, center=2.0)
    found = describe(band, paired([2.0, 2.02, 1.98], [1.0, 1.0, 1.0]), equal="")
    assert found.conclusion == "supported"
    assert found.holds == (1.6, 2.5)
    close(found.estimate.value, (2.0 * 2.02 * 1.98) ** (1 / 3))
    assert describe(band, paired([1.0, 1.01, 0.99], [1.0] * 3), equal="").conclusion == "refuted"


def test_a_reason_makes_it_undecidable_and_shows_the_number() -> None:
    found = describe(LOWER, paired([0.5, 0.51, 0.49], [1.0] * 3), equal="", blocked="the machine was busy")
    assert found.conclusion == "undecidable"
    assert found.sentence.startswith(
        "A's peak is at least 40 % lower: undecidable, the machine was busy (it is 50.0 % lower ["
    )
    assert found.power is None
    assert found.p == 1.0


def test_what_has_no_ratio() -> None:
    found = judge_values(LOWER, paired([0.0, 0.5, 0.4], [1.0] * 3))
    assert (found.outcome, found.reason) == ("undecidable", "a ratio needs values above 0")
    assert spread_of(LOWER, paired([0.0, 0.5, 0.4], [1.0] * 3)) is None
    assert spread_of(SAME, paired([0.5, 0.5, 0.5], [0.4, 0.4, 0.4])) is None


def test_one_pair_has_a_number_without_an_interval() -> None:
    found = describe(LOWER, paired([0.5], [1.0]), equal="")
    assert (found.conclusion, found.effect) == ("undecidable", "50.0 % lower (n = 1, no interval)")


def test_power_is_of_what_the_effect_points_to() -> None:
    values = paired([0.53, 0.55, 0.54], [0.5, 0.5, 0.5])
    found = describe(SAME, values, equal="")
    close(found.power or 0.0, power("equivalent", 0.01, 0.02, 3, 0.04).refuted)
    planned = describe(replace(SAME, planned=3), values, equal="")
    assert planned.power == found.power


@pytest.mark.parametrize(
    ("kind", "words"), [("greater", "above 0, refuted if below"), ("less", "below 0, refuted if above")]
)
def test_rules_in_words(kind: str, words: str) -> None:
    one = replace(SAME, kind="greater" if kind == "greater" else "less", margin=0.0)
    assert decided_by(one) == f"Supported if the 95 % interval lies {words}."


def test_limits_know_the_floor(tmp_path: Path) -> None:
    never = replace(CELLS[1], more=lambda seed, step, done: {"eval/pass@1": 0.0} if step % 5 == 0 else {})
    assert accuracy_limits(cells_of(tmp_path / "a", never, steps=8), "eval/pass@1").floored
    assert not accuracy_limits(cells_of(tmp_path / "b", CELLS[1], steps=8), "eval/pass@1").floored
