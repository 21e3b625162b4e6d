"""Growth, self-checks and who lengthens wrong answers: every outcome, and whose numbers they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench.reports.claims.length import arm
from tests.reports.decimals import close
from tests.reports.judge import cells_of, judge, judge_claim
from tests.reports.lengths import checking
from tests.reports.synthetic import CELLS

OUTCOMES = ["supported", "refuted", "inconclusive"]


@pytest.mark.parametrize(
    ("end", "wave", "conclusion"), list(zip((33.0, 27.0, 29.1), (0.01, 0.01, 0.03), OUTCOMES, strict=True))
)
def test_growth_comes_out_every_way(tmp_path: Path, end: float, wave: float, conclusion: str) -> None:
    (found,) = judge_claim(tmp_path, "length.growth", checking(length_mean=end, wave=wave))
    assert found.conclusion == conclusion, found.sentence
    ends = [end + 30 * wave * seed for seed in range(3)]
    assert found.estimate is not None
    close(found.estimate.value, (ends[0] * ends[1] * ends[2]) ** (1 / 3) / 30)
    assert f"Means {sum(ends) / 3:.1f} tokens against 30.0 tokens." in found.note
    assert found.claim == "Completions of GRPO end longer than those of the base model."


@pytest.mark.parametrize(
    ("end", "wave", "conclusion"), list(zip((0.5, 0.1, 0.25), (0.05, 0.05, 0.2), OUTCOMES, strict=True))
)
def test_reflection_comes_out_every_way(tmp_path: Path, end: float, wave: float, conclusion: str) -> None:
    (found,) = judge_claim(tmp_path, "length.reflection", checking(check_fraction=end, wave=wave))
    assert found.conclusion == conclusion, found.sentence
    assert found.estimate is not None
    close(found.estimate.value, end + 0.3 * wave - 0.3)  # of seeds 0 to 2
    assert (found.unit, found.question) == ("points", "length")


@pytest.mark.parametrize(("end", "conclusion"), list(zip((35.0, 25.0, 29.0), OUTCOMES, strict=True)))
def test_wrong_against_right_comes_out_every_way(tmp_path: Path, end: float, conclusion: str) -> None:
    """The longer both begin, the further a seed carries them apart."""
    (found,) = judge_claim(tmp_path, "lengthening.answers", checking(length_wrong_mean=end, wave=0.02))
    assert found.conclusion == conclusion, found.sentence
    assert found.estimate is not None
    pairs = [(end + 31 * 0.02 * seed, 29 + 29 * 0.02 * seed) for seed in range(3)]
    product = 1.0
    for wrong, right in pairs:
        product *= wrong / right
    close(found.estimate.value, product ** (1 / 3))
    assert "of the base model 31.0 tokens against 29.0 tokens" in found.note


@pytest.mark.parametrize(
    ("end", "wave", "conclusion"), list(zip((0.52, 0.8, 0.6), (0.02, 0.02, 0.3), OUTCOMES, strict=True))
)
def test_algorithms_come_out_every_way(tmp_path: Path, end: float, wave: float, conclusion: str) -> None:
    cells = checking(check_fraction=end, wave=wave), checking("ppo", check_fraction=0.5)
    (found,) = judge_claim(tmp_path, "length.algorithm", *cells)
    assert found.conclusion == conclusion, found.sentence
    assert found.estimate is not None
    close(found.estimate.value, end + 0.3 * wave - 0.5)
    assert found.holds == (-0.1, 0.1)


def test_a_seeds_number_is_its_mean_over_the_cells_and_only_common_arms_are_compared(tmp_path: Path) -> None:
    cells = (
        checking("grpo", length_mean=34.0, check_fraction=0.4, wave=0.01),
        checking("grpo-constant", aggregation="constant", length_mean=38.0, check_fraction=0.9, wave=0.01),
        checking("ppo", length_mean=30.0, check_fraction=0.4, wave=0.01),
        checking("ppo-loss", kl="loss", check_fraction=0.1, wave=0.01),
    )
    found = {(f.id, f.pair[0].split(" ")[0]): f for f in _length(tmp_path, *cells) if f.pair}
    growth = found["length.growth", "GRPO"]
    assert "Means 36.3 tokens against 30.0 tokens." in growth.note and "its mean over 2 cells" in growth.rule
    equal = found["length.algorithm", "GRPO"]
    assert equal.estimate is not None and abs(equal.estimate.value) < 1e-9  # of the one arm that both have
    assert "over 1 cell." in equal.rule
    assert {name for name, _ in found} == {
        "length.growth",
        "length.reflection",
        "lengthening.answers",
        "length.algorithm",
    }


def _length(folder: Path, *cells: object) -> list:
    from rlvr_bench.reports.claims.length import length

    return length(cells_of(folder, *cells, seeds=3, steps=5))  # type: ignore[arg-type]


def test_arms_tell_aggregation_weight_and_place(tmp_path: Path) -> None:
    cells = cells_of(
        tmp_path,
        checking("grpo"),
        checking("grpo-a", aggregation="constant", kl="reward"),
        checking("ppo-b", kl="loss"),
    )
    assert [arm(c) for c in cells] == [
        ("token_mean", 0.0, ""),
        ("constant", 0.03, "reward"),
        ("token_mean", 0.03, "loss"),
    ]


def test_without_counted_checks_it_is_not_tested(tmp_path: Path) -> None:
    found = judge(tmp_path, *CELLS)["length.growth"]
    assert found.conclusion == "not tested" and found.note.startswith("it needs long completions")
