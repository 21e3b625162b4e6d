"""All figures of a study are drawn here, each in the width of a page and of a column.

A new figure is one function and one entry:
1. Write a function of the cells of a part, a `Width` and the `Looks` of the cells that gives a matplotlib figure, or
   None where the records have no data for it; sizes come from style.py, colors from palette.py.
2. Add a `FigureKind` to FIGURES with the section of the page that it belongs to (an id of page/sections.py; a section
   that is not listed there is added at the end of the page) and a caption that says what lines, bands and marks are.
The page and the files in three formats follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from matplotlib.figure import Figure

from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.figures import calibration, learning, memory, rewards, stability, step_time
from rlvr_bench.reports.figures.palette import Looks, looks_of
from rlvr_bench.reports.figures.panels import BAND_FROM
from rlvr_bench.reports.figures.style import INCHES, Width, save, styled
from rlvr_bench.reports.load import Cell, Study
from rlvr_bench.reports.numbers import LEVEL_TEXT


PAGE_WIDTHS: tuple[Width, ...] = ("text",)


@dataclass(frozen=True, kw_only=True)
class FigureKind:
    """One figure that a part of a study can have."""

    name: str  # of its files: <name>-<part>.<suffix>, and <name>-<part>-column.<suffix> for a column
    section: str  # of the page
    about: Literal["learning", "costs"]  # costs are drawn of learning parts only where no other part measures them
    make: Callable[[Sequence[Cell], Width, Looks], Figure | None]
    caption: str
    remark: Callable[[Sequence[Cell]], str] = lambda cells: ""  # behind the caption, from the records


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One figure on disk."""

    name: str
    section: str
    part: str
    caption: str


SEEDS = (
    f"From {BAND_FROM} seeds on a line is their mean and the band their smallest and largest, which is no confidence "
    "interval; below that each seed is a line. Thin lines: runs that did not finish."
)
FIGURES: tuple[FigureKind, ...] = (
    FigureKind(
        name="learning",
        section="learning",
        about="learning",
        make=learning.learning_curves,
        caption=f"Held-out pass@1 against steps, completion tokens and seconds of training. {SEEDS}",
    ),
    FigureKind(
        name="stability",
        section="learning",
        about="learning",
        make=stability.stability,
        caption=f"Stability over training steps. {SEEDS}",
        remark=stability.left_out,
    ),
    FigureKind(
        name="overoptimization",
        section="rewards",
        about="learning",
        make=rewards.overoptimization,
        caption="True reward (verifier) and proxy (reward model, normalized by the base model's scores) against the "
        "distance from the base model: the square root of KL(policy || base) in nats per completion. Each point after "
        f"the first is the mean of a block of steps. {SEEDS} Circle: start; dotted: the base model. Columns, or rows "
        "in the narrow version: what the policy was trained on.",
    ),
    FigureKind(
        name="proxy",
        section="rewards",
        about="learning",
        make=rewards.proxy_and_true,
        caption="What the learned reward model says (proxy, normalized score) and what the verifier says (true reward) "
        f"of the same completions, in the color of the cell's algorithm. {SEEDS}",
    ),
    FigureKind(
        name="calibration",
        section="rewards",
        about="learning",
        make=calibration.calibration,
        caption="Calibration of each distinct reward model on held-out pairs (right, wrong) of one prompt: how sure it "
        "was against how often it was right, and how many pairs each point stands for. Whiskers: "
        f"{LEVEL_TEXT} Wilson interval, as if the pairs were independent.",
    ),
    FigureKind(
        name="memory",
        section="memory",
        about="costs",
        make=memory.memory,
        caption="Left: exact bytes of weights, gradients, optimizer states and buffers by model. Right: measured peak "
        "of each phase, less what was held before any model was built; bars: mean over seeds, whiskers: smallest to "
        "largest.",
    ),
    FigureKind(
        name="time",
        section="time",
        about="costs",
        make=step_time.time_by_phase,
        caption="Seconds of one step by phase, evaluation and checkpoints left out: median over steps after warm-up, "
        "mean over seeds. White mark: the whole step, as in the tables, with what lies between the phases; medians "
        "need not add up to it. Whisker: smallest to largest seed.",
    ),
)


Track = Callable[[Iterable[Any], str, int], Iterable[Any]]  # items, what is done with them, how many: the items


def draw(
    study: Study, folder: Path, *, paper: bool = True, track: Track = lambda items, what, total: items
) -> tuple[Drawn, ...]:
    """Write every figure that the study has data for, in the order of FIGURES and then of the parts.

    Args:
        paper: also as PDF and PNG and in the width of a column; the page needs neither, and they take most of the time.
        track: shows progress over the kinds of figures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = [_draw(study, kind, folder, paper=paper) for kind in track(FIGURES, "Drawing figures", len(FIGURES))]
    return tuple(drawn for of_kind in found for drawn in of_kind)


def _draw(study: Study, kind: FigureKind, folder: Path, *, paper: bool) -> list[Drawn]:
    parts = study.parts("learning")
    if kind.about == "costs":
        parts = study.parts("systems") or parts
    drawn, looks = [], looks_of(study)
    for part in parts:
        name, cells, made = f"{kind.name}-{slug(part.name)}", study.cells(part), False
        for width in INCHES if paper else PAGE_WIDTHS:
            with styled():
                figure = kind.make(cells, width, looks)
                if figure is not None:
                    save(figure, folder, name + ("-column" if width == "column" else ""), None if paper else ("svg",))
                    made = True
        if made:
            caption = f"{one_line(part.title)}. {kind.caption} {kind.remark(cells)}".strip()
            drawn.append(Drawn(name=name, section=kind.section, part=part.name, caption=caption))
    return drawn


def slug(name: str) -> str:
    """A part's name as a piece of a file name."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name)
