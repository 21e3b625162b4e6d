"""How every figure looks is set here: sizes, colors, marks, and files without dates, so that one study gives one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.figure import Figure

Width = Literal["text", "column"]
INCHES: dict[Width, float] = {"column": 3.3, "text": 6.9}
FORMATS = ("pdf", "svg", "png")

# Okabe and Ito's colors, dark ones first; the orders of lines, marks and hatches keep cells apart in gray too.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
HATCHES = ("", "///", "\\\\\\", "xx", "---", "||", "++")

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "axes.titlesize": 7.5,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.3,
    "lines.markersize": 3,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "rlvr-bench",
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
}


@dataclass(frozen=True)
class Look:
    """What keeps one cell, role or phase apart from the others."""

    color: str
    line: object
    marker: str
    hatch: str


def look(index: int) -> Look:
    """The look of the index-th cell, role or phase; repeats only after several dozen."""
    return Look(
        COLORS[index % len(COLORS)],
        LINES[index % len(LINES)],
        MARKERS[index % len(MARKERS)],
        HATCHES[index % len(HATCHES)],
    )


@contextmanager
def styled() -> Iterator[None]:
    """The style, independent of the user's own settings."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)
        yield


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write the three formats, without dates or versions, and close the figure."""
    metadata: dict[str, dict[str, None]] = {
        "pdf": {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None},
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None},
    }
    figure.draw_without_rendering()  # lays out once; without the next line each format would do it again
    figure.set_layout_engine("none")
    for suffix in FORMATS:
        figure.savefig(folder / f"{name}.{suffix}", metadata=metadata[suffix])
    pyplot.close(figure)
