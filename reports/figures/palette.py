"""One color is one thing on every figure: what the colors, lines, marks and hatches mean is set here.

An algorithm is a color, with a mark of its own so that it is also told apart in gray; what a cell was rewarded by is a
line style; cells that share both get further marks and line styles.  Trials of a search look like their algorithm.
Models, phases, baselines and reward models have palettes of their own, which share no color with the algorithms'.  A
color depends on the cells of the whole study, never on those of one figure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.reward_setting import VERIFIER, RewardSetting, reward_setting
from rlvr_bench.reports.load import Cell, Study

T = TypeVar("T")


@dataclass(frozen=True)
class Look:
    """What keeps one cell, model or phase apart from the others."""

    color: str
    line: Any = "-"  # as matplotlib takes it
    marker: str = "o"
    hatch: str = ""


Looks = Mapping[str, Look]  # by name of the cell

# Okabe and Ito's colors; PPO's and GRPO's also differ in lightness (L* 46 and 70).
ALGORITHMS = ("#0072B2", "#E69F00", "#CC79A7", "#009E73", "#D55E00", "#56B4E9", "#000000")
FIRST = ("ppo", "grpo")  # have the first two colors in every study; others follow by name
MARKS = ("o", "s", "^", "D", "v", "P", "X")
FURTHER_MARKS = ("*", "p", "h", "<", ">", "d", "8")  # of cells that share algorithm and reward with an earlier one
LINES: tuple[Any, ...] = ("-", (0, (4, 1.2)), (0, (1, 1)), (0, (4, 1, 1, 1)), (0, (6, 1, 1, 1, 1, 1)), (0, (8, 2)))

# Purples from dark to light, after ColorBrewer.
ROLES = {
    "actor": Look("#3F007D"), "critic": Look("#807DBA", hatch="///"), "reference": Look("#BCBDDC", hatch="\\\\\\"),
    "reward": Look("#EFEDF5", hatch="xx"),
}  # fmt: skip
# ColorBrewer's brown to teal; neighbors in a step differ in lightness.
PHASES = {
    "gather": Look("#01665E", hatch="oo"),
    "rollout": Look("#003C30"), "reward": Look("#F6E8C3", hatch="///"), "score": Look("#80CDC1", hatch="\\\\\\"),
    "update_actor": Look("#8C510A", hatch="---"), "update_critic": Look("#DFC27D", hatch="xx"),
    "evaluate": Look("#C7EAE5", hatch=".."), "checkpoint": Look("#543005", hatch="||"),
}  # fmt: skip
OTHERS = (
    Look("#4D4D4D"), Look("#999999", hatch="++"), Look("#D9D9D9", hatch="oo"), Look("#737373", hatch=".."),
)  # fmt: skip
# Grays from light to dark, early steps to late ones.
STEPS = tuple(
    Look(color, marker=mark) for color, mark in zip(("#F7F7F7", "#BDBDBD", "#636363", "#101010"), "^oDs", strict=True)
)
MODELS = tuple(
    Look(color, line, mark) for color, line, mark in zip(("#252525", "#6B6B6B", "#A3A3A3"), LINES, MARKS, strict=False)
)
# ColorBrewer's yellow-green to blue: chains from short to long.
LENGTHS = tuple(
    Look(color, marker=mark)
    for color, mark in zip(("#A1DAB4", "#41B6C4", "#2C7FB8", "#253494", "#081D58"), "^oDsv", strict=True)
)
# ColorBrewer's greens from dark to light.
AGGREGATIONS = {
    "token_mean": Look("#00441B", marker="o"), "seq_mean_token_mean": Look("#41AB5D", marker="s"),
    "constant": Look("#A1D99B", marker="^"), "seq_mean_token_sum": Look("#C7E9C0", marker="D"),
}  # fmt: skip


def looks_of(study: Study) -> Looks:
    """The look of each cell of a study."""
    return cell_looks([cell for part in study.manifest.parts for cell in study.cells(part)])


def cell_looks(cells: Iterable[Cell]) -> Looks:
    """The look of each cell by name; of cells of one name the first with a configuration counts."""
    by_name: dict[str, Cell] = {}
    for cell in cells:
        if not (cell.name in by_name and by_name[cell.name].config):
            by_name[cell.name] = cell
    algorithms = _algorithms(by_name.values())
    settings = _settings(by_name.values())
    found: dict[str, Look] = {}
    seen: Counter[tuple[int, int]] = Counter()
    further: Counter[int] = Counter()  # twins so far of each algorithm
    for name, cell in by_name.items():
        algorithm = algorithms.index(_algorithm(cell))
        setting = settings.index(reward_setting(cell))
        twin = 0 if cell.search else seen[algorithm, setting]
        seen[algorithm, setting] += not cell.search
        further[algorithm] += twin > 0
        mark = _nth(FURTHER_MARKS, further[algorithm] - 1) if twin else _nth(MARKS, algorithm)
        # Line styles that no reward has.
        line = _nth(LINES, len(settings) + further[algorithm] - 1 if twin else setting)
        found[name] = Look(_nth(ALGORITHMS, algorithm), line, mark)
    return found


def named_looks(names: Sequence[str], palette: Mapping[str, Look]) -> Looks:
    """The look of each model or phase; those that the palette does not know are gray."""
    unknown = sorted(set(names) - palette.keys())
    return {n: palette[n] if n in palette else _nth(OTHERS, unknown.index(n)) for n in names}


def model_look(index: int) -> Look:
    """The look of the index-th kind of reward model."""
    return _nth(MODELS, index)


def length_look(index: int, count: int) -> Look:
    """The look of the index-th of so many lengths, from short to long: the longest is the darkest."""
    return _nth(LENGTHS, max(0, len(LENGTHS) - count) + index)


def aggregation_look(name: str) -> Look:
    """The look of a way to make one loss of the tokens'."""
    return AGGREGATIONS.get(name, OTHERS[0])


def _algorithm(cell: Cell) -> str:
    return matching.algorithm(cell) or cell.name


def _algorithms(cells: Iterable[Cell]) -> list[str]:
    """PPO and GRPO first, whether they are there or not, so that a color does not depend on who else is."""
    return [*FIRST, *sorted({_algorithm(c) for c in cells} - set(FIRST))]


def _settings(cells: Iterable[Cell]) -> list[RewardSetting]:
    """The plain verifier first, then as they come."""
    found = dict.fromkeys(reward_setting(c) for c in cells)
    return sorted(found, key=lambda s: not (s.source == VERIFIER and not s.noisy))


def _nth(of: Sequence[T], index: int) -> T:
    return of[index % len(of)]
