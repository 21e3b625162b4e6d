"""Distances, ends, peaks and reward models against numbers worked by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from rlvr_bench.harness.records import PartInfo, Summary
from rlvr_bench.reports.load import Cell, Run, load
from rlvr_bench.reports.measures import overoptimization as numbers
from rlvr_bench.reports.page import tables_hacking
from tests.reports import synthetic
from tests.reports.decimals import close
from tests.reports.hacking import BASE, FEW, HACKING, MANY, facts
from tests.reports.synthetic import CELLS, LEARNING

PART = PartInfo("p", "learning", "t", (0,))


def run(true: list[float], kl: list[float], *, length: float = 4.0, **more: list[float]) -> Run:
    """Training steps from 1."""
    rows = []
    for i, (t, k) in enumerate(zip(true, kl, strict=True)):
        row = {"step": i + 1, numbers.TRUE: t, "train/kl_to_reference": k, "rollout/length_mean": length}
        rows.append(row | {name.replace("__", "/"): v[i] for name, v in more.items()})
    return Run("p", "c", 0, "completed", "", None, {}, "", {}, tuple(rows), ())


def cell(*runs: Run, config: dict[str, Any] | None = None) -> Cell:
    return Cell(PART, "c", "label", tuple(replace(r, config=config or {}, seed=i) for i, r in enumerate(runs)))


def test_distance_is_the_root_of_the_kl_of_a_completion() -> None:
    # .25 nats a token times 4 tokens is 1 nat a completion, 1 times 4 is 4: roots 1 and 2
    assert numbers.path(run([0.5, 0.6, 0.7], [0.0, 0.25, 1.0]), numbers.TRUE) == [(0.0, 0.5), (1.0, 0.6), (2.0, 0.7)]


def test_many_steps_become_blocks_after_the_first() -> None:
    # 49 steps: the first alone, then 48 in 24 blocks of two; the first block has steps 2 and 3
    found = numbers.path(run([0.0, *range(1, 49)], [0.0, 1.0, 3.0, *[4.0] * 46]), numbers.TRUE)
    assert len(found) == 25
    assert found[0] == (0.0, 0.0)
    close(found[1], (8.0**0.5, 1.5))  # mean KL (4 + 12) / 2 nats a completion; values 1 and 2
    close(found[-1], (4.0, 47.5))


def test_steps_without_a_kl_or_a_value_are_left_out() -> None:
    one = run([0.5, 0.6], [0.0, 1.0])
    assert numbers.path(one, numbers.PROXY) == []
    missing = replace(one, metrics=({"step": 1, numbers.TRUE: 0.5, "rollout/length_mean": 4.0}, one.metrics[1]))
    assert numbers.path(missing, numbers.TRUE) == [(2.0, 0.6)]


def test_ends_and_peak() -> None:
    # 8 steps: the last quarter is two of them
    one = run(
        [0.5, 0.6, 0.9, 0.8, 0.7, 0.6, 0.4, 0.2], [0, 0.25, 1, 1, 1, 1, 2, 2.5], rollout__proxy_true_gap=[*range(8)]
    )
    found = numbers.outcomes([cell(one)])[0]
    close([e.value for e in (found.true, found.gap, found.distance) if e], [0.3, 6.5, 3.0])  # sqrt((8 + 10) / 2)
    close([e.value for e in (found.peak, found.peak_distance) if e], [0.9, 2.0])
    assert found.proxy is None
    assert found.pair_accuracy is None


def test_intervals_end_where_the_quantity_does() -> None:
    # shares .99 and 1: mean .995, half width 12.7 * .005 would pass 1
    found = numbers.outcomes([cell(run([0.99] * 4, [0] * 4), run([1.0] * 4, [0] * 4))])[0]
    assert found.true is not None
    assert found.true.high == 1.0
    assert (found.true.low or 0) < 0.94
    weighted = numbers.outcomes([cell(run([1.9] * 4, [0] * 4), run([2.0] * 4, [0] * 4))])[0]
    assert weighted.true is not None
    assert (weighted.true.high or 0) > 2.0


def test_gain_needs_an_evaluation_before_training() -> None:
    rows = ({"step": 0, "eval/pass@1": 0.4}, {"step": 5, "eval/pass@1": 0.5}, {"step": 9, "eval/pass@1": 0.7})
    one = replace(run([0.5], [0.0]), metrics=rows)
    close(numbers.gain(one) or 0.0, 0.2)  # (.5 + .7) / 2 - .4
    assert numbers.gain(replace(one, metrics=rows[1:])) is None


def with_facts(*found: dict[str, Any]) -> list[Cell]:
    def one(reward_model: dict[str, Any]) -> Run:
        summary = Summary("completed", "", "p", "c", 0, "", "", 1.0, 1, reward_model=reward_model)
        return replace(run([0.5], [0.0]), summary=summary)

    return [replace(cell(one(f)), label=f"cell {i}") for i, f in enumerate(found)]


def test_distinct_reward_models() -> None:
    models = numbers.reward_models(with_facts(facts(MANY), facts(FEW), json.loads(json.dumps(facts(MANY)))))
    assert [(m.pairs, m.cells) for m in models] == [(MANY, ("cell 0", "cell 2")), (FEW, ("cell 1",))]
    # many: (150 * .1 + 50 * 0) / 200; few: (150 * .3 + 50 * .2) / 200
    close([m.calibration_error or 0.0 for m in models], [0.075, 0.275])
    # Wilson at 170 of 200: centre (.85 + q / 2) / (1 + q), q = 3.841459 / 200; half 1.959964 sqrt(...) / (1 + q)
    close(models[0].interval, (0.79390, 0.89280), places=4)


def test_untrained_and_untold_reward_models_are_left_out() -> None:
    assert numbers.reward_models(with_facts({"pairs": 0, "note": "untrained"}, {})) == ()
    bare = numbers.reward_models(with_facts({"pairs": 5, "held_out_pairs": 2, "held_out_accuracy": 0.5}))[0]
    assert (bare.bins, bare.calibration_error, bare.base_pass_rate) == ((), None, None)


def test_base_pass_rate() -> None:
    start = replace(run([0.5], [0.0]), metrics=({"step": 0, "eval/pass@1": 0.3},))
    assert numbers.base_pass_rate([cell(start)]) == 0.3
    assert numbers.base_pass_rate(with_facts(facts(MANY))) == BASE
    assert numbers.base_pass_rate([cell(run([0.5], [0.0]))]) is None


def test_tables(tmp_path: Path) -> None:
    part = replace(LEARNING, seeds=(0, 1))
    cells = load(synthetic.write(tmp_path / "hacking", HACKING, [part], steps=8)).cells(part)
    models = tables_hacking.models_table(cells)
    assert [row[1:3] for row in models.rows] == [(str(MANY), "200"), (str(FEW), "200")]
    assert models.rows[0][3:] == ("0.850 [0.794, 0.893]", "0.075", "0.500")
    outcomes = tables_hacking.outcomes_table(cells)
    assert [row[0] for row in outcomes.rows] == [c.label for c in cells]
    assert outcomes.rows[0][2:5] == ("—", "—", "—")  # the verifier has no proxy
    assert "—" not in outcomes.rows[2]
    csv = tables_hacking.outcomes_csv(cells).splitlines()
    assert len(csv) == 9
    assert "gap,gap_low,gap_high,gap_n,gap_method" in csv[0]
    line = tables_hacking.models_csv(cells).splitlines()[1].split(",")
    close([float(x) for x in line[-6:]], [200, 0.85, 0.7939, 0.8929, 0.075, BASE], places=3)


def test_studies_of_the_verifier_alone_have_neither_table(tmp_path: Path) -> None:
    cells = load(synthetic.write(tmp_path, CELLS[1:], [LEARNING], steps=6)).cells(LEARNING)
    assert tables_hacking.models_table(cells).rows == tables_hacking.outcomes_table(cells).rows == ()
