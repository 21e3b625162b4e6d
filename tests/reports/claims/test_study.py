"""Every claim is asked, in the order of the lists, of cells that are known by their configurations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.claims import study as claims
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.claims.study import findings, unique_untested
from rlvr_bench.reports.load import Study, load
from tests.reports import synthetic
from tests.reports.judge import judge
from tests.reports.synthetic import CELLS, SYSTEMS

GRPO = CELLS[2]


def test_what_cannot_be_tested_is_listed_with_its_reason(found: dict[str, Finding], tmp_path: Path) -> None:
    for identifier in (
        "reward.verifier", "stability.sensitivity", "critic.noise", "length.growth", "communication.bytes",
    ):  # fmt: skip
        assert found[identifier].conclusion == "not tested"
        assert found[identifier].note
    alone = findings(load(synthetic.write(tmp_path, [GRPO], [SYSTEMS])))
    assert {f.conclusion for f in alone} == {"not tested"}
    untested = [f.id for f in unique_untested(alone)]
    assert {"models.count", "memory.peak.four-model", "accuracy.final", "groups.silent"} <= set(untested)
    assert len(set(untested)) == len(untested)


def test_cells_are_known_by_configuration_not_by_name(found: dict[str, Finding], tmp_path: Path) -> None:
    renamed = [replace(c, name=f"x{i}") for i, c in enumerate(reversed(CELLS))]
    again = judge(tmp_path, *renamed)
    assert {k: f.conclusion for k, f in again.items()} == {k: f.conclusion for k, f in found.items()}


def test_each_claim_is_asked_of_each_reward_or_cell(eight: tuple[Study, tuple[Finding, ...]]) -> None:
    asked = [f.id for f in eight[1] if f.tested]
    expected = {"accuracy.final": 3, "stability.collapse": 3, "stability.spread": 1, "groups.silent": 1}
    expected |= {"budget.samples": 3, "budget.seconds": 3}
    expected |= {"reward.algorithm": 2, "reward.cost": 4, "reward.hacked": 4, "reward.labels": 2, "reward.random": 2}
    assert {i: asked.count(i) for i in expected} == expected
    claims_of = [(f.id, f.claim) for f in eight[1]]
    assert len(set(claims_of)) == len(claims_of)  # each says of whom it speaks


def test_descriptive_findings_are_not_corrected(eight: tuple[Study, tuple[Finding, ...]]) -> None:
    assert all(f.p_holm is None and not f.primary for f in eight[1])
    assert any(f.p is not None for f in eight[1])


def test_each_finding_knows_its_question(eight: tuple[Study, tuple[Finding, ...]]) -> None:
    questions = {"models": "memory", "memory": "memory", "time": "cost", "accuracy": "accuracy", "samples": "accuracy",
                 "groups": "accuracy", "budget": "budget", "stability": "stability", "reward": "reward"}  # fmt: skip
    assert all(f.question == questions[f.id.split(".")[0]] for f in eight[1] if f.tested)


def test_a_sentence_reads_claim_then_verdict(eight: tuple[Study, tuple[Finding, ...]]) -> None:
    for f in eight[1]:
        assert not f.tested or f.sentence.startswith(f"{f.claim.rstrip('.')}: {f.conclusion}, "), f.sentence


def test_opposite_conclusions_of_two_parts_are_shown_side_by_side() -> None:
    one = Finding(id="memory.peak", claim="Lower.", conclusion="supported", sentence="Lower: supported.", part="A")
    two = replace(one, conclusion="refuted", sentence="Lower: refuted.", part="B")
    assert [f.sentence for f in claims.side_by_side([one, two])] == [
        "A: Lower: supported. But refuted in B.",
        "B: Lower: refuted. But supported in A.",
    ]
    for other in (
        replace(two, conclusion="inconclusive"),
        replace(two, id="memory.states"),
        replace(two, pair=("x", "y")),
    ):
        assert [f.sentence for f in claims.side_by_side([one, other])] == [one.sentence, other.sentence]


def test_the_order_is_that_of_the_lists(found: dict[str, Finding]) -> None:
    tested = list(dict.fromkeys(f.id for f in reversed(found.values()) if f.tested))
    topics = list(dict.fromkeys(identifier.split(".")[0] for identifier in tested))
    assert topics == ["models", "memory", "time", "accuracy", "budget", "stability", "groups", "reward"]


def test_a_new_claim_is_one_function_and_one_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "LEARNING", (lambda cells: [not_tested("mine.first", "Mine.", f"{len(cells)} cells")],))
    assert judge(tmp_path, GRPO)["mine.first"].note == "1 cells"
