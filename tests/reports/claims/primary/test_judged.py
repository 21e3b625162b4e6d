"""A suite's own hypotheses: every outcome, Holm over them alone, and that nothing unrelated moves a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.harness.records import Hypothesis, ManySamples
from rlvr_bench.reports.claims import study as claims
from rlvr_bench.reports.claims.finding import not_tested
from rlvr_bench.reports.load import load
from tests.reports import core, synthetic
from tests.reports.claims.primary.hypothesis import COST, SAME, SIX, primary
from tests.reports.claims.searches.test_sensitivity import trials
from tests.reports.decimals import close
from tests.reports.often import often
from tests.reports.synthetic import CELLS, MIB, SYSTEMS, Spec

FOUR, PPO, GRPO = CELLS


def against(final: Callable[[int], float]) -> tuple[Spec, ...]:
    return replace(PPO, final=lambda s: 0.9), replace(GRPO, final=final)


@pytest.mark.parametrize(
    ("final", "conclusion"),
    [
        (lambda s: 0.9 + 0.004 * (s % 3 - 1), "supported"),
        (lambda s: 0.8 + 0.004 * (s % 3 - 1), "refuted"),
        (lambda s: 0.89 + 0.03 * (s % 3 - 1), "inconclusive"),
        (lambda s: 0.91, "undecidable"),
    ],
)
def test_an_equivalence_comes_out_every_way(tmp_path: Path, final: Callable[[int], float], conclusion: str) -> None:
    found = primary(tmp_path, SAME, cells=against(final))[0]
    assert found.conclusion == conclusion
    assert found.sentence.startswith(f"GRPO and PPO end within 2 points: {conclusion}, ")
    assert found.n == "6 of 6 planned pairs"
    assert found.part == SIX.title
    assert found.holds == (-0.02, 0.02)
    if conclusion != "undecidable":
        assert found.level == 0.9
        assert "the difference (GRPO, verifier less PPO, verifier) is " in found.sentence
        assert "points (90 % interval)." in found.sentence
        assert found.power is not None


def test_power_is_that_of_the_rule_at_the_planned_n(tmp_path: Path) -> None:
    sure = primary(tmp_path / "a", SAME, cells=against(lambda s: 0.9 + 0.004 * (s % 3 - 1)))[0]
    unsure = primary(tmp_path / "b", SAME, cells=against(lambda s: 0.9 + 0.03 * (s % 3 - 1)))[0]
    assert (sure.power or 0) > 0.99
    assert (unsure.power or 1) < 0.5
    assert "no true difference it would be supported in 100 % of studies" in sure.note


@pytest.mark.parametrize(("threshold", "conclusion"), [(0.6, "refuted"), (0.7, "supported")])
def test_a_ratio_reads_as_one_sentence(tmp_path: Path, threshold: float, conclusion: str) -> None:
    text = f"GRPO's peak is at least {100 * (1 - threshold):.0f} % lower."
    peak = replace(
        SAME, id="memory.peak", text=text, measure="peak_bytes", scale="ratio", test="less", margin=threshold
    )
    cells = [
        replace(c, peak=lambda s, high=h: (high * (1 + 0.01 * (s % 2)) - 10) * MIB)
        for c, h in ((PPO, 100), (GRPO, 62.4))
    ]
    cells[0] = replace(cells[0], peak=lambda s: 90 * MIB)  # with what was held before: 100 MiB
    found = primary(tmp_path, peak, cells=tuple(cells))[0]
    # 62.4 and 63.024 by turns against 100: the root of their product is 62.711
    close(found.estimate.value, (0.624 * 0.63024) ** 0.5)
    assert found.conclusion == conclusion
    assert found.sentence.startswith(f"{text[:-1]}: {conclusion}, it is 37.3 % lower [")
    assert found.level == 0.95


def test_fewer_pairs_than_planned_decide_nothing(tmp_path: Path) -> None:
    cells = replace(PPO, status={3: "oom"}), replace(GRPO, final=lambda s: 0.9 + 0.01 * s)
    found = primary(tmp_path, SAME, cells=cells)[0]
    assert found.conclusion == "undecidable"
    assert "5 finished pairs, 6 were planned" in found.sentence
    assert found.n == "5 of 6 planned pairs"


def test_where_nothing_has_run_yet_nothing_is_decided(tmp_path: Path) -> None:
    cells = tuple(replace(c, status=dict.fromkeys(range(6), "missing")) for c in CELLS)
    for found in primary(tmp_path, SAME, COST, cells=cells):
        assert found.conclusion == "undecidable" and "0 finished pairs, 6 were planned" in found.sentence


def test_nothing_ever_right_is_the_floor(tmp_path: Path) -> None:
    never = {"eval/pass@1": 0.0, "eval/greedy": 0.0}
    cells = tuple(replace(c, more=lambda seed, step, done: never if step % 5 == 0 else {}) for c in (PPO, GRPO))
    assert "floor" in primary(tmp_path, SAME, cells=cells)[0].sentence


def test_states_are_arithmetic_whatever_the_threshold(tmp_path: Path) -> None:
    states = replace(
        SAME, id="memory.states", text="States halve.", measure="state_bytes", scale="ratio", test="less", margin=0.6
    )
    found = primary(tmp_path, states, replace(states, id="memory.more", margin=0.5))
    assert [f.conclusion for f in found] == ["arithmetic", "arithmetic"]
    # 20 against 36 bytes a parameter: .556
    assert "arithmetic, it holds, " in found[0].sentence
    assert "arithmetic, it does not hold, " in found[1].sentence
    assert found[0].p is found[0].p_holm is None


@pytest.mark.parametrize(("waited", "conclusion"), [(0.0, "supported"), (0.5, "undecidable")])
def test_a_busy_machine_decides_nothing_about_time(tmp_path: Path, waited: float, conclusion: str) -> None:
    found = primary(tmp_path, COST, SAME, row=lambda cell, seed, step: {"cost/processor_wait": waited})
    assert found[0].conclusion == conclusion
    assert ("the machine was busy" in found[0].sentence) == (conclusion == "undecidable")
    assert "machine" not in found[1].sentence


def test_a_target_is_judged_with_its_censored_runs(tmp_path: Path) -> None:
    target = replace(SAME, id="budget.samples", text="GRPO gets there with fewer samples.", measure="target_samples",
                     scale="ratio", test="less", margin=1.0)  # fmt: skip

    def more(seed: int, step: int, done: float, at: int, never: int) -> dict[str, float | None]:
        return {"eval/pass@1": 0.8 if step >= at + seed and seed >= never else 0.4}

    late = replace(PPO, more=lambda seed, step, done: more(seed, step, done, 20, 4))
    early = replace(GRPO, more=lambda seed, step, done: more(seed, step, done, 2, 0))
    found = primary(tmp_path, target, cells=(late, early), steps=40)[0]
    assert found.conclusion == "supported"
    assert "GRPO, verifier 6 of 6, PPO, verifier 2 of 6. Those that did not are censored" in found.note
    assert "up to the first evaluation with pass@1 of .7 or more" in found.rule


def test_holm_is_over_the_family_alone(tmp_path: Path) -> None:
    final = against(lambda s: 0.905 + 0.014 * (s % 3 - 1))
    alone = primary(tmp_path / "a", SAME, cells=final)[0]
    assert alone.conclusion == "supported"
    others = [replace(SAME, id=f"accuracy.x{i}", part="nowhere") for i in range(7)]
    among = primary(tmp_path / "b", SAME, *others, cells=final)
    close(among[0].p_holm or 0.0, 8 * (alone.p or 0.0))
    assert among[0].conclusion == "inconclusive"
    assert "alone it would be supported, but that does not survive the correction" in among[0].sentence
    assert {f.conclusion for f in among[1:]} == {"undecidable"}
    assert "a cell that it names is not there" in among[1].sentence


def verdicts(folder: Path, *hypotheses: Hypothesis, **changes: object) -> list[tuple[object, ...]]:
    return [
        (f.id, f.conclusion, f.p, f.p_holm, f.estimate, f.sentence) for f in primary(folder, *hypotheses, **changes)
    ]


def test_nothing_unrelated_moves_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    final = against(lambda s: 0.9 + 0.004 * (s % 3 - 1))
    before = verdicts(tmp_path / "a", SAME, COST, cells=final)
    other = replace(GRPO, name="other", label="Another", final=lambda s: 0.1 * s, seconds=lambda s: 9.0)
    assert verdicts(tmp_path / "b", SAME, COST, cells=(other, *final, FOUR)) == before
    assert verdicts(tmp_path / "c", SAME, COST, cells=final, parts=[SYSTEMS, SIX, replace(SIX, name="more")]) == before
    monkeypatch.setattr(claims, "LEARNING", (lambda cells: [not_tested("mine.first", "Mine.", "so")],))
    assert verdicts(tmp_path / "d", SAME, COST, cells=final) == before


def test_the_interval_over_bases_stands_beside_and_is_said_to_disagree(tmp_path: Path) -> None:
    """Three base models of two runs each: .008, .012; .008, .012; -.026, -.024, so the bases' means vary by far."""
    gaps = [0.008, 0.008, -0.026, 0.012, 0.012, -0.024]
    cells = against(lambda s: 0.9 + gaps[s])

    def config(part: object, cell: object, seed: int) -> dict[str, dict[str, int]]:
        return {"warm_start": {"seed": seed % 3}}

    found = primary(tmp_path / "a", SAME, cells=cells, config=config)[0]
    assert found.conclusion == "supported"
    assert found.note.startswith("Over 3 base models: ")
    assert "which does not decide it: that holds of these base models, not yet of others." in found.sentence
    one = primary(tmp_path / "b", SAME, cells=cells)[0]
    assert (one.conclusion, one.estimate) == (found.conclusion, found.estimate)
    assert "base models" not in one.sentence + one.note


def test_a_claim_that_the_suite_named_is_judged_once(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, against(lambda s: 0.9 + 0.01 * (s % 2)), [SIX], steps=8, hypotheses=(SAME,)))
    assert [f.primary for f in claims.findings(study) if f.id == "accuracy.final"] == [True]


NEAR = Hypothesis("stability.search", "PPO needs a larger search.", core.SEARCH.name, "near_best", ("ppo", "grpo"),
                  "difference", "less", 0.0, 1, 24)  # fmt: skip


@pytest.mark.parametrize(
    ("ppo", "grpo", "conclusion"), [(3, 15, "supported"), (15, 3, "refuted"), (8, 10, "inconclusive")]
)
def test_two_searches_come_out_every_way(tmp_path: Path, ppo: int, grpo: int, conclusion: str) -> None:
    specs = (*trials("ppo", ppo, 24), *trials("grpo", grpo, 24))
    part = replace(core.SEARCH, seeds=(1,))
    found = claims.findings(load(core.write_parts(tmp_path, {part: specs}, steps=5, hypotheses=[NEAR])))
    (one,) = [f for f in found if f.primary]
    assert (one.conclusion, one.n, one.part) == (conclusion, "24 of 24 planned trials", part.title)
    assert "the difference (PPO less GRPO) is " in one.sentence
    assert "Trials until the best of them is expected to reach 0.720" in one.note
    close(one.estimate.value, (ppo - grpo) / 24)
    assert one.question == "stability"
    assert [f.id for f in found].count("stability.search") == 1  # not told a second time


def test_a_search_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    part = replace(core.SEARCH, seeds=(1,))
    written = core.write_parts(tmp_path, {part: trials("ppo", 3, 24)}, steps=5, hypotheses=[NEAR])
    (one,) = [f for f in claims.findings(load(written)) if f.primary]
    assert one.conclusion == "undecidable"
    assert "a search that it names has no trial" in one.sentence


@pytest.mark.parametrize(
    ("ppo", "grpo", "spread", "conclusion"),
    [(0.8, 0.8, 0.001, "supported"), (0.7, 0.8, 0.001, "refuted"), (0.8, 0.81, 0.03, "inconclusive"),
     (0.99, 0.994, 0.001, "undecidable")],
)  # fmt: skip
def test_many_samples_come_out_every_way(
    tmp_path: Path, ppo: float, grpo: float, spread: float, conclusion: str
) -> None:
    def asked(level: float, spread: float) -> Callable[[int], ManySamples]:
        return lambda seed: often([0.1, 0.2, 0.3, level + spread * (seed % 3 - 1)])

    cells = (replace(PPO, many=asked(ppo, 0.0)), replace(GRPO, many=asked(grpo, spread)))
    found = primary(tmp_path, replace(SAME, id="samples.many", measure="pass@8"), cells=cells)[0]
    assert found.conclusion == conclusion, found.sentence
