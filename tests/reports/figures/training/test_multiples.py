"""Small multiples: what is constant, what is skewed, and when a reward gets panels of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.figures.training.multiples import in_words, left_out, multiples, recorded_points
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.overoptimization import TRUE
from tests.reports.judge import cells_of
from tests.reports.proxies import spec, study
from tests.reports.synthetic import CELLS

QUANTITIES = {"train/entropy": "entropy\n(nats/token)", "rollout/zero_std_groups": "silent groups\n(share)"}


def test_what_never_changed_is_left_out_and_said(three: tuple[Cell, ...]) -> None:
    made = multiples(three, "text", cell_looks(three), QUANTITIES)
    assert made is not None
    assert list(made.panels) == ["train/entropy"]
    assert left_out(three, QUANTITIES) == "Constant in every run, and therefore left out: silent groups (0.2)."
    assert left_out(three, {"train/entropy": "entropy"}) == ""
    assert multiples((), "text", {}, QUANTITIES) is None


def test_eight_cells_of_four_rewards_have_four_panels_a_quantity(eight: tuple[Cell, ...]) -> None:
    made = multiples(eight, "column", cell_looks(eight), QUANTITIES)
    assert made is not None
    assert [len(panels) for panels in made.panels.values()] == [4]


def test_the_panels_of_many_rewards_take_several_pages(tmp_path: Path) -> None:
    """Seven numbers of labels: five on the first page, two on the second, and no third."""
    many = [replace(spec(f"{n} labels", "grpo", 0.3, 0.2), reward={"label_pairs": n}) for n in range(1, 8)]
    cells = study(tmp_path, *many, seeds=1)
    pages = [multiples(cells, "column", cell_looks(cells), {TRUE: "true reward (share)"}, page=p) for p in range(3)]
    assert [page and len(next(iter(page.panels.values()))) for page in pages] == [5, 2, None]


def test_five_cells_of_one_reward_share_a_panel_without_bands(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, *(replace(CELLS[2], name=f"c{i}", label=f"C{i}") for i in range(5)), seeds=3, steps=4)
    made = multiples(cells, "text", cell_looks(cells), QUANTITIES)
    assert made is not None
    (axes,) = made.panels["train/entropy"]
    assert (len(axes.lines), len(axes.collections)) == (5, 0)
    few = multiples(cells[:4], "text", cell_looks(cells), QUANTITIES)
    assert few is not None
    assert len(few.panels["train/entropy"][0].collections) == 4


def test_outliers_make_a_scale_logarithmic(tmp_path: Path) -> None:
    wild = replace(CELLS[2], more=lambda seed, step, done: {"train/entropy": 500.0 if step == 3 else 1.0 + done})
    cells = cells_of(tmp_path, wild, steps=8)
    made = multiples(cells, "text", cell_looks(cells), QUANTITIES)
    assert made is not None
    (axes,) = made.panels["train/entropy"]
    assert (axes.get_yscale(), axes.get_title()) == ("log", "entropy\n(nats/token, log)")


def test_points_can_begin_before_training(tmp_path: Path) -> None:
    (cell,) = cells_of(tmp_path, CELLS[2], steps=5)
    assert [x for x, _ in recorded_points(cell, "eval/pass@1")[0]] == [0, 5]


def test_a_quantity_without_its_unit() -> None:
    assert in_words("clip\nfraction (share of tokens)") == "clip fraction"
