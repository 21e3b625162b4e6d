"""One color is one thing, whoever else is in the study, and it is told apart in gray too."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from rlvr_bench.reports.figures import palette
from rlvr_bench.reports.figures.palette import cell_looks, named_looks
from rlvr_bench.reports.load import Cell
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS, Spec

BLUE, ORANGE, PURPLE, GREEN = "#0072B2", "#E69F00", "#CC79A7", "#009E73"


def lightness(color: str) -> float:
    """CIE L*, from 0 to 100, of an sRGB color."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 116 * y ** (1 / 3) - 16


def of(name: str, algorithm: str, source: str = "verifier") -> Spec:
    return replace(CELLS[2], name=name, algorithm=algorithm, source=source)


def test_an_algorithm_is_a_color_and_a_mark_over_all_rewards(eight: tuple[Cell, ...]) -> None:
    found = cell_looks(eight)
    assert {(found[c.name].color, found[c.name].marker) for c in eight if c.name.startswith("ppo")} == {(BLUE, "o")}
    assert {(found[c.name].color, found[c.name].marker) for c in eight if c.name.startswith("grpo")} == {(ORANGE, "s")}


def test_a_reward_is_a_line_style_over_all_algorithms(eight: tuple[Cell, ...]) -> None:
    found = cell_looks(eight)
    lines = [found[c.name].line for c in eight]
    assert lines[0::2] == lines[1::2]
    assert len(set(lines)) == 4
    assert lines[0] == "-"  # the verifier


def test_the_verifier_is_solid_wherever_it_stands(tmp_path: Path) -> None:
    found = cell_looks(cells_of(tmp_path, *CELLS))
    assert found["ppo"].line == found["grpo"].line == "-"
    assert found["ppo-rm"].line != "-"


def test_further_algorithms_follow_by_name_and_change_nobody(tmp_path: Path) -> None:
    specs = [of("z", "zeta"), of("g", "grpo"), of("a", "alpha")]
    found = cell_looks(cells_of(tmp_path / "three", *specs))
    assert {name: look.color for name, look in found.items()} == {"z": GREEN, "g": ORANGE, "a": PURPLE}
    alone = cell_looks(cells_of(tmp_path / "one", of("g", "grpo")))
    assert alone["g"].color == ORANGE


def test_cells_that_share_both_have_marks_and_lines_of_their_own(tmp_path: Path) -> None:
    specs = [of("one", "grpo"), of("two", "grpo"), of("three", "grpo"), of("coin", "grpo", "random")]
    found = cell_looks(cells_of(tmp_path, *specs))
    assert {look.color for look in found.values()} == {ORANGE}
    assert found["one"].line == "-"
    assert len({look.line for look in found.values()}) == 4  # none of the variants has the line of a reward
    marks = [found[name].marker for name in ("one", "two", "three")]
    assert marks[0] == "s"
    assert len(set(marks)) == 3
    assert not set(marks[1:]) & set(palette.MARKS)


def test_trials_look_like_their_algorithm_and_change_nobody(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, of("t1", "ppo"), of("t2", "ppo"), of("mine", "ppo"))
    found = cell_looks([replace(c, search="ppo" if c.name != "mine" else "") for c in cells])
    assert {name: (look.color, look.line, look.marker) for name, look in found.items()} == dict.fromkeys(
        ("t1", "t2", "mine"), (BLUE, "-", "o")
    )


def test_a_cell_of_two_parts_has_one_look_also_where_one_left_no_configuration(tmp_path: Path) -> None:
    lost = cells_of(tmp_path / "lost", replace(CELLS[2], status={0: "missing"}))
    whole = cells_of(tmp_path / "whole", CELLS[2])
    assert cell_looks([*lost, *whole]) == cell_looks([*whole, *lost]) == cell_looks(whole)


def test_no_two_palettes_share_a_color() -> None:
    looks = (palette.ROLES.values(), palette.PHASES.values(), palette.OTHERS, palette.MODELS, palette.LENGTHS)
    looks = (*looks, palette.AGGREGATIONS.values())
    colors = [*palette.ALGORITHMS, *(look.color for group in looks for look in group)]
    assert len(set(colors)) == len(colors)


def test_what_stands_side_by_side_differs_in_gray() -> None:
    assert abs(lightness(BLUE) - lightness(ORANGE)) > 20
    for group in (list(palette.ROLES.values()), list(palette.PHASES.values())):
        for one, other in pairwise(group):
            assert one.hatch != other.hatch
        assert len({look.hatch for look in group}) == len(group)
    ways = [lightness(palette.aggregation_look(name).color) for name in list(palette.AGGREGATIONS)[:3]]
    assert all(b - a > 15 for a, b in pairwise(ways))
    models = [lightness(look.color) for look in palette.MODELS]
    assert all(b - a > 15 for a, b in pairwise(models))


def test_an_unknown_phase_is_gray_and_the_same_in_any_order() -> None:
    found = named_looks(["rollout", "mine", "another"], palette.PHASES)
    assert found["rollout"] == palette.PHASES["rollout"]
    assert found["another"] != found["mine"]
    assert named_looks(["mine", "another"], palette.PHASES)["mine"] == found["mine"]
    red, green, blue = (found["mine"].color[i : i + 2] for i in (1, 3, 5))
    assert red == green == blue
