"""The top of the page: counts, and each claim once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.claims.study import findings
from rlvr_bench.reports.load import load
from rlvr_bench.reports.page import opening
from tests.reports import synthetic
from tests.reports.hacking import HACKING
from tests.reports.judge import learning_study
from tests.reports.synthetic import CELLS, LEARNING


def test_the_headlines_say_each_claim_once(tmp_path: Path) -> None:
    study = learning_study(tmp_path, *HACKING)
    both = study, findings(study)
    found = opening.headlines(*both)
    assert [h.rpartition("(claim ")[2].split(")")[0].split(":")[0] for h in found] == list(opening.TOP_LEARNING)
    assert found[0].count("paired seeds") == 3
    assert opening.summary(*both).startswith("24 of 24 planned runs finished.")


def test_costs_are_at_the_top_where_a_part_measured_them(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, steps=8))
    claims = [h.rpartition("(claim ")[2].split(":")[0] for h in opening.headlines(study, findings(study))]
    assert [c for c in claims if c.split(".")[0] in ("memory", "time")] == list(opening.TOP_COSTS)


def test_of_one_claim_and_several_parts_each_is_named(tmp_path: Path) -> None:
    study = learning_study(tmp_path, *CELLS[1:])
    one = Finding(id="accuracy.final", claim="", conclusion="refuted", n="3", sentence="Less: with a 1.", part="A")
    two = replace(one, part="B", sentence="Less: with b 2.")
    assert opening.headlines(study, [one, two]) == (
        "Less: with a 1 (A, refuted, 3); with b 2 (B, refuted, 3) (claim accuracy.final).",
    )
    assert opening.headlines(study, [one]) == ("Less: with a 1 (claim accuracy.final: refuted, 3).",)


def test_nothing_finished(tmp_path: Path) -> None:
    study = learning_study(tmp_path, replace(CELLS[2], status=dict.fromkeys(range(3), "missing")))
    assert opening.summary(study, [not_tested("a", "", "")]) == (
        "0 of 3 planned runs finished. There is nothing to compare."
    )


def test_the_fewest_seeds_are_remarked_on(tmp_path: Path) -> None:
    parts = [LEARNING, replace(LEARNING, name="b", seeds=(0, 1))]
    assert opening.seeds_remark(load(synthetic.write(tmp_path, CELLS[2:], parts, steps=1))).startswith("n = 2 is two")
