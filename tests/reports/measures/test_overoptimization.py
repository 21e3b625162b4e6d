"""Distances, ends and peaks against numbers worked by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures import overoptimization as numbers
from tests.reports.decimals import close

PART = PartInfo("p", "learning", "t", (0,))


def run(true: list[float], kl: list[float], *, length: float = 4.0, **more: list[float]) -> Run:
    """Training steps from 1."""
    rows = []
    for i, (t, k) in enumerate(zip(true, kl, strict=True)):
        row = {"step": i + 1, numbers.TRUE: t, "train/kl_to_reference": k, "rollout/length_mean": length}
        rows.append(row | {name.replace("__", "/"): v[i] for name, v in more.items()})
    config = {"train": {"steps": len(true)}}
    return Run("p", "c", 0, "completed", "", None, config, "", {}, tuple(rows), ())


def cell(*runs: Run, config: dict[str, Any] | None = None) -> Cell:
    return Cell(
        PART, "c", "label", tuple(replace(r, config=r.config | (config or {}), seed=i) for i, r in enumerate(runs))
    )


def test_distance_is_the_root_of_the_kl_of_a_completion() -> None:
    # .25 nats a token times 4 tokens is 1 nat a completion, 1 times 4 is 4: roots 1 and 2
    assert numbers.path(run([0.5, 0.6, 0.7], [0.0, 0.25, 1.0]), numbers.TRUE) == [(0.0, 0.5), (1.0, 0.6), (2.0, 0.7)]


def test_the_kl_over_the_vocabulary_is_the_distance_where_it_is_recorded() -> None:
    # .25 and 1 nats a token times 4 tokens; the estimates of the same steps are three times as large and not read.
    exact = {"train__exact_kl_to_reference": [0.0, 0.25, 1.0]}
    found = numbers.path(run([0.5, 0.6, 0.7], [0.0, 0.75, 3.0], **exact), numbers.TRUE)
    assert found == [(0.0, 0.5), (1.0, 0.6), (2.0, 0.7)]


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


def test_ends() -> None:
    # 8 steps: the last quarter is two of them
    one = run(
        [0.5, 0.6, 0.9, 0.8, 0.7, 0.6, 0.4, 0.2], [0, 0.25, 1, 1, 1, 1, 2, 2.5], rollout__proxy_true_gap=[*range(8)]
    )
    found = numbers.ends_of_training([cell(one)])[0]
    close([e.value for e in (found.true, found.gap, found.distance) if e], [0.3, 6.5, 3.0])  # sqrt((8 + 10) / 2)
    assert found.peak is None  # one seed cannot be halved
    assert found.proxy is None
    assert found.pair_accuracy is None


def test_a_run_that_ended_early_has_no_end_and_one_that_diverged_ends_at_zero() -> None:
    short = replace(run([0.5] * 6, [0] * 6), config={"train": {"steps": 8}})
    assert numbers.final_true(short) is numbers.final_distance(short) is None
    assert numbers.final_true(replace(short, state="diverged")) == 0.0
    assert numbers.final_distance(replace(short, state="diverged")) is None


def test_a_peak_is_picked_on_one_half_and_read_on_the_other() -> None:
    # Distances 0, 2, 4.  Seeds 0 and 2 have their best at 2, seeds 1 and 3 at 4.
    early, late = run([0.5, 0.9, 0.3], [0.0, 1.0, 4.0]), run([0.5, 0.4, 0.8], [0.0, 1.0, 4.0])
    found = numbers.cross_fitted_peak(cell(early, late, early, late))
    assert found is not None
    close(found.height.value, (0.3 + 0.4) / 2, places=1)  # read where the others have theirs
    assert found.in_sample > 0.6
    assert numbers.cross_fitted_peak(cell(early, late, early)) is None


def test_quarter_points_of_the_common_stretch() -> None:
    close(numbers.quarter_points([[(0.0, 1.0), (4.0, 1.0)], [(0.0, 1.0), (2.0, 1.0)]]), [0.5, 1.0, 1.5])
    assert numbers.quarter_points([[(0.0, 1.0), (1.0, 1.0)], [(2.0, 1.0), (3.0, 1.0)]]) == ()


def test_intervals_end_where_the_quantity_does() -> None:
    # shares .99 and 1: mean .995, half width 12.7 * .005 would pass 1
    found = numbers.ends_of_training([cell(run([0.99] * 4, [0] * 4), run([1.0] * 4, [0] * 4))])[0]
    assert found.true is not None
    assert found.true.high == 1.0
    assert (found.true.low or 0) < 0.94
    weighted = numbers.ends_of_training([cell(run([1.9] * 4, [0] * 4), run([2.0] * 4, [0] * 4))])[0]
    assert weighted.true is not None
    assert (weighted.true.high or 0) > 2.0


def test_what_counts_as_a_study_of_rewards() -> None:
    def sources(*found: str) -> list[Cell]:
        return [cell(run([0.5], [0.0]), config={"reward": {"source": s}}) for s in found]

    assert not numbers.is_studied(sources("verifier", ""))
    assert all(numbers.is_studied(sources("verifier", s)) for s in ("learned", "both", "random"))
