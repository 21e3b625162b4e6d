"""Whether the critic is noisy: every outcome, and that the longest chains of a cell decide."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.claims.critic import noise
from rlvr_bench.reports.claims.study import findings
from rlvr_bench.reports.load import load
from tests.reports import synthetic
from tests.reports.judge import judge, judge_claim
from tests.reports.probes import simulated
from tests.reports.synthetic import CELLS, LEARNING, Spec

GROUP = 0.172  # sqrt of the mean of p (1 - p) / 8 with p even over .3 to .7


def critic(off: float, **more: object) -> Spec:
    return replace(CELLS[1], values=lambda seed: simulated(seed, off=off, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(("off", "conclusion"), [(0.3, "supported"), (0.05, "refuted"), (GROUP, "inconclusive")])
def test_it_comes_out_every_way(tmp_path: Path, off: float, conclusion: str) -> None:
    (found,) = judge_claim(tmp_path, "critic.noise", critic(off))
    assert found.conclusion == conclusion, found.sentence
    assert found.estimate is not None and abs(found.estimate.value - (off - GROUP)) < 0.02
    assert found.sentence.startswith(
        f"On the longest chains (Learning to sort, tiny model, 40 tokens) the critic of PPO, verifier errs more than a "
        f"group's mean: {conclusion}, the difference (critic of PPO, verifier less group's mean) is "
    )
    assert found.part == LEARNING.title and not found.primary


def test_a_policy_that_is_always_right_decides_nothing(tmp_path: Path) -> None:
    (found,) = judge_claim(tmp_path, "critic.noise", critic(0.1, sure=True))
    assert (found.conclusion, "always right or always wrong" in found.sentence) == ("undecidable", True)


def test_two_seeds_are_too_few(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, [critic(0.3)], [replace(LEARNING, seeds=(0, 1))], steps=8))
    assert [f.conclusion for f in findings(study) if f.id == "critic.noise"] == ["undecidable"]


def test_the_longest_part_decides_and_the_others_stand_beside_it(tmp_path: Path) -> None:
    """The cell is good on short chains and bad on long ones, which come first in the file."""
    long, short = replace(LEARNING, name="long", title="Long"), replace(LEARNING, name="short", title="Short")
    for part, off, length in ((long, 0.3, 90), (short, 0.02, 20)):
        synthetic.write(tmp_path / part.name, [critic(off, length=length)], [part], steps=8)
    cells = [c for p in (long, short) for c in load(tmp_path / p.name).cells(p)]
    found = noise(cells)
    assert [(f.conclusion, f.part) for f in found] == [("supported", "Long")]
    assert found[0].note.index("Long (90 tokens)") < found[0].note.index("Short (20 tokens): critic 0.0")


def test_without_a_probe_it_is_not_tested(tmp_path: Path) -> None:
    found = judge(tmp_path, CELLS[1])["critic.noise"]
    assert found.conclusion == "not tested" and found.note.startswith("it needs Monte-Carlo continuations")
