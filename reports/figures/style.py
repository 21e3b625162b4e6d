"""How every figure looks is set here: sizes, fonts, and files without dates, so that one study gives one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.figure import Figure

Width = Literal["text", "column"]
INCHES: dict[Width, float] = {"column": 3.25, "text": 6.75}
TALLEST = 4.5  # inches: half of a page
PAGE = 8.5  # inches, for a figure whose legend alone takes half of that
FORMATS = ("pdf", "svg", "png")

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "axes.titlesize": 7.5,
    "axes.titley": 1.0,  # fixed, since finding a free place for each title takes a tenth of the drawing
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


def size(width: Width, height: float) -> tuple[float, float]:
    """Width and height of a figure in inches, no taller than half a page."""
    return INCHES[width], min(height, TALLEST)


@contextmanager
def styled() -> Iterator[None]:
    """The style, independent of the user's own settings."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)
        yield


def save(figure: Figure, folder: Path, name: str, formats: Sequence[str] | None = None) -> None:
    """Write a figure without dates or versions, and close it.

    Args:
        formats: those of FORMATS that are wanted; all of them by default.
    """
    metadata: dict[str, dict[str, None]] = {
        "pdf": {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None},
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None},
    }
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)  # once; with an engine, also the one called "none", each format would draw twice
    with matplotlib.rc_context({"figure.constrained_layout.use": False}):
        figure.set_layout_engine(None)
        for suffix in FORMATS if formats is None else formats:
            figure.savefig(folder / f"{name}.{suffix}", metadata=metadata[suffix])
    pyplot.close(figure)
