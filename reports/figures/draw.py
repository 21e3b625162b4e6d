"""All figures of a study, each in the width of a page and of a column; a figure without data is not drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.figures import cost, hacking, learning
from rlvr_bench.reports.figures.style import INCHES, save, styled
from rlvr_bench.reports.load import Study


@dataclass(frozen=True)
class Drawn:
    """One figure on disk: `<name>.<suffix>` for the page and `<name>-column.<suffix>` for a column."""

    name: str
    kind: str  # learning, stability, proxy, overoptimisation, calibration, memory, time
    part: str
    caption: str


LEARNING = {
    "learning": (
        learning.learning_curves,
        "Held-out pass@1 against steps, completion tokens and seconds of training. Thin lines: seeds; thick line: "
        "their mean; band: smallest to largest seed, which is no confidence interval.",
    ),
    "stability": (
        learning.stability,
        "Stability over training steps. Lines: mean over seeds; band: smallest to largest seed.",
    ),
    "proxy": (
        learning.proxy_and_true,
        "What the learned reward model says (proxy, normalised score) and what the verifier says (true reward) of the "
        "same completions. Lines: mean over seeds; band: smallest to largest seed.",
    ),
    "overoptimisation": (
        hacking.overoptimisation,
        "True reward (verifier) and proxy (reward model, normalised by the base model's scores) against the distance "
        "from the base model: the square root of KL(policy || base) in nats per completion. Thin lines: seeds, each "
        "point after the first the mean of a block of steps; thick line: their mean; circle: start; dotted: the "
        "base model. Columns, or rows in the narrow version: what the policy was trained on.",
    ),
    "calibration": (
        hacking.calibration,
        "Calibration of each distinct reward model on held-out pairs (right, wrong) of one prompt: how sure it was "
        "against how often it was right. Area of the marks: pairs in the bin; bars: 95 % Wilson interval, as if the "
        "pairs were independent.",
    ),
}
OF_REWARDS = ("overoptimisation", "proxy", "calibration")  # the rest of LEARNING stands in a section of its own
COST = {
    "memory": (
        cost.memory,
        "Left: exact bytes of weights, gradients, optimiser states and buffers by model. Right: measured peak of each "
        "phase, less what was held before any model was built; bars: mean over seeds, whiskers: smallest to largest.",
    ),
    "time": (
        cost.time_by_phase,
        "Seconds of one step by phase, evaluation and checkpoints left out: mean over steps after warm-up and "
        "over seeds; black marks: smallest to largest seed.",
    ),
}


def draw(study: Study, folder: Path) -> tuple[Drawn, ...]:
    """Write every figure that the study has data for; costs of learning parts only where nothing else measures them."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for part in study.manifest.parts:
        cells = study.cells(part)
        learning, costs = part.kind == "learning", part.kind == "systems" or not study.parts("systems")
        for kind, (make, caption) in ((LEARNING if learning else {}) | (COST if costs else {})).items():
            name = f"{kind}-{slug(part.name)}"
            made = False
            for width in INCHES:
                with styled():
                    figure = make(cells, width)
                    if figure is not None:
                        save(figure, folder, name + ("-column" if width == "column" else ""))
                        made = True
            if made:
                drawn.append(Drawn(name, kind, part.name, f"{one_line(part.title)}. {caption}"))
    return tuple(drawn)


def slug(name: str) -> str:
    """A part's name as a piece of a file name."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name)
