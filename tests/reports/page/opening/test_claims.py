"""Claims in the order of the page, each with a place of its own."""

from __future__ import annotations

from dataclasses import replace

from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.page.links import Names
from rlvr_bench.reports.page.opening.claims import claims
from rlvr_bench.reports.stats import Estimate

ONE = Finding(
    id="accuracy.final", claim="GRPO ends higher.", conclusion="refuted", effect="-1.0 [-1.5, -0.5] points", n="3",
    equal="60 settings equal", rule="So.", note="Mind.", sentence="GRPO ends higher: refuted, it is 1.0 points lower.",
    part="A", level=0.9, power=0.834, p=0.01, p_holm=0.02, estimate=Estimate(-0.01, -0.015, -0.005, 3, "t"),
)  # fmt: skip


def test_primary_first_then_by_family() -> None:
    cost = replace(ONE, id="time.step", question="cost")
    primary = replace(ONE, id="h.one", primary=True)
    found = claims([cost, ONE, not_tested("x.y", "X.", "no data."), primary], several_parts=True, names=Names())
    assert [c.id for c in found.primary] == ["h.one"]
    assert [(title, [c.id for c in of]) for title, of in found.families] == [
        ("Accuracy", ["accuracy.final"]), ("Time and computation", ["time.step"])
    ]  # fmt: skip


def test_everything_that_decided_is_said() -> None:
    shown = claims([ONE], several_parts=False, names=Names()).families[0][1][0]
    assert (shown.sentence, shown.part) == (ONE.sentence, "")
    assert dict(shown.facts) == {
        "claim": "GRPO ends higher.", "effect, 90 % interval": "-1.0 [-1.5, -0.5] points", "n": "3", "rule": "So.",
        "power": "83 % if the truth is what was found", "test": "p = .010, after Holm's correction .020",
        "held equal": "60 settings equal", "note": "Mind.",
    }  # fmt: skip


def test_what_is_not_known_is_left_out() -> None:
    bare = Finding(id="a.b", claim="A is B.", conclusion="arithmetic", effect="exact")
    shown = claims([bare], several_parts=True, names=Names()).families[0][1][0]
    assert shown.sentence == "A is B. exact"
    assert shown.facts == (("effect", "exact"),)


def test_one_claim_of_two_parts_has_two_anchors() -> None:
    shown = claims([ONE, replace(ONE, part="B")], several_parts=True, names=Names()).families[0][1]
    assert [(c.anchor, c.part) for c in shown] == [("claim-accuracy.final", "A"), ("claim-accuracy.final-2", "B")]
