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
from tests.reports.decimals import close
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
    expected |= {"reward.algorithm": 2, "reward.cost": 4, "reward.hacked": 4, "reward.labels": 2, "reward.random": 2}
    assert {i: asked.count(i) for i in expected} == expected
    claims_of = [(f.id, f.claim) for f in eight[1]]
    assert len(set(claims_of)) == len(claims_of)  # each says of whom it speaks


def test_holm_counts_every_test(eight: tuple[Study, tuple[Finding, ...]]) -> None:
    tested = [f for f in eight[1] if f.p is not None]
    least = min(tested, key=lambda f: f.p or 0.0)
    close(least.p_holm or 0.0, min(1.0, len(tested) * (least.p or 0.0)))
    assert all((f.p_holm or 0.0) <= 0.05 for f in tested if f.conclusion in {"supported", "refuted"})


def test_the_order_is_that_of_the_lists(found: dict[str, Finding]) -> None:
    tested = list(dict.fromkeys(f.id for f in reversed(found.values()) if f.tested))
    topics = list(dict.fromkeys(identifier.split(".")[0] for identifier in tested))
    assert topics == ["models", "memory", "time", "accuracy", "stability", "groups", "reward"]


def test_a_new_claim_is_one_function_and_one_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "LEARNING", (lambda cells: [not_tested("mine.first", "Mine.", f"{len(cells)} cells")],))
    assert judge(tmp_path, GRPO)["mine.first"].note == "1 cells"
