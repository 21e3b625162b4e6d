"""The list of all figures, in the order of the page's sections, with their captions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rlvr_bench.reports.figures import answer, forest
from rlvr_bench.reports.figures.costs import communication, memory, memory_curve, step_time
from rlvr_bench.reports.figures.panels import BAND_FROM, CROWD, PAGES
from rlvr_bench.reports.figures.subject import FigureKind, Subject, of_cells
from rlvr_bench.reports.figures.training import (
    calibration,
    critic,
    ladder,
    learning,
    lengths,
    many,
    rewards,
    stability,
    survival,
    tuning,
    values,
)
from rlvr_bench.reports.numbers import LEVEL_TEXT

SEEDS = (
    f"From {BAND_FROM} seeds on a line is their mean and the band their smallest and largest, which is no confidence "
    f"interval and is left out where more than {CROWD} cells share a panel; below that each seed is a line. Thin lines "
    "that end early: runs that did not finish."
)
LOST = "In brackets: how many collapsed, of how many. Runs that did not are censored at their last step."


def _numbered(name: str, page: int) -> str:
    return name if page == 0 else f"{name}-{page + 1}"


def _first(page: int, remark: Callable[[Subject], str]) -> Callable[[Subject], str]:
    """Said once, below the first page of a figure."""
    return remark if page == 0 else lambda subject: ""


FIGURES: tuple[FigureKind, ...] = (
    FigureKind(
        name="answer",
        section="answer",
        about="learning",
        make=answer.answer,
        caption=(
            "Accuracy on held-out items (pass@1) against samples, model FLOPs and seconds spent in training, and below "
            "it the difference of the two compared cells at equal budget, paired by seed and read between evaluations. "
            f"From {BAND_FROM} seeds on: mean, and as band Student's {LEVEL_TEXT} interval at each amount, as far as "
            "every finished seed went; below that each seed is a line. A run that diverged scores 0 from there on. "
            "Black dotted and dashed: the base model, greedy and sampled at its best temperature. Thin without band: "
            "cells that are not compared here. Gray dashes below: margin of the hypothesis."
        ),
    ),
    *(
        FigureKind(
            name=_numbered("forest", page),
            section="effects",
            about="study",
            make=partial(forest.forest, page=page),
            caption="Effects by question: estimate with the interval that decides (90 % for an equivalence, otherwise "
            f"{LEVEL_TEXT}), and shaded where the proposition holds. Differences are of shares, in percentage points; "
            "ratios are on a logarithmic scale. The mark's shape is the verdict; filled: a hypothesis named before the "
            "runs, hollow: descriptive. Arrows: the interval goes on beyond the axis.",
            remark=forest.remark,
        )
        for page in range(forest.PAGES)
    ),
    *(
        FigureKind(
            name=_numbered("learning", page),
            section="learning",
            about="learning",
            make=of_cells(partial(learning.learning_curves, page=page)),
            caption="Accuracy on held-out items over the steps of training: of sampled completions (pass@1), greedy, "
            f"and of the best of several samples (pass@k, unbiased). {SEEDS}",
            remark=_first(page, lambda subject: learning.left_out(subject.cells)),
        )
        for page in range(PAGES)
    ),
    *(
        FigureKind(
            name=_numbered("critic", page),
            section="learning",
            about="learning",
            make=of_cells(partial(critic.critic, page=page)),
            caption="Whether PPO is PPO. Explained variance of the critic on each step's completions before it is "
            "trained on them: 1 is perfect, at 0 a constant does as well; the axis is cut at -1. Dotted upright: end "
            "of the steps in which the critic alone was trained. Clip fraction and KL to the policy that sampled: "
            f"above 0 where a rollout is used for several optimizer steps. {SEEDS}",
            remark=_first(page, lambda subject: critic.remark(subject.cells)),
        )
        for page in range(PAGES)
    ),
    *(
        FigureKind(
            name=_numbered("stability", page),
            section="learning",
            about="learning",
            make=of_cells(partial(stability.stability, page=page)),
            caption=f"Stability over training steps. {SEEDS}",
            remark=_first(page, lambda subject: stability.left_out(subject.cells)),
        )
        for page in range(PAGES)
    ),
    FigureKind(
        name="survival",
        section="learning",
        about="learning",
        make=of_cells(survival.of_runs),
        caption="Share of the seeds that have not collapsed (Kaplan-Meier), by the rule that was fixed beforehand. "
        f"{LOST}",
    ),
    FigureKind(
        name="many",
        section="learning",
        about="learning",
        make=many.many,
        caption="Share of the test items that one of k samples solves (pass@k, unbiased), and that the most frequent "
        "answer of k samples solves (maj@k), after the last step. Marks: mean over seeds; band: Student's "
        f"{LEVEL_TEXT} interval; dashed: mean of the base models, asked in the same way. Each policy, and each base "
        "model, has the temperature that served it best on the validation split. Dotted upright, with the mark of "
        "the policy on top: where its pass@k falls below that of its base model.",
    ),
    FigureKind(
        name="lengths",
        section="lengths",
        about="learning",
        make=of_cells(lengths.lengths),
        caption="Length of right and of wrong completions, and share of completions with a self-check, in each step's "
        "samples; a column for each algorithm. Color and mark: how token losses become one number; line: where the KL "
        f"to the base model is. Lines: mean over the seeds that finished, from {BAND_FROM} of them on.",
    ),
    FigureKind(
        name="ladder",
        section="baselines",
        about="learning",
        make=of_cells(ladder.ladder),
        caption="What each baseline does to the policy gradient, at policies fixed at the steps named below, on the "
        "same completions: variance over batches relative to that of the oracle, which subtracts a prompt's true mean "
        "reward, and cosine of a batch's gradient with a reference from other batches. Marks: geometric mean of the "
        f"variance, mean of the cosine over seeds; whiskers: Student's {LEVEL_TEXT} interval. Last panel: each mark is "
        "one seed at one step; shaded where it agrees with EVPO's claim (arXiv:2604.19485) that a critic lowers the "
        "variance exactly if it explains some; triangles at the edge: explained variance below -1.",
        remark=lambda subject: ladder.remark(subject.cells),
    ),
    FigureKind(
        name="values",
        section="baselines",
        about="study",
        make=values.values,
        caption="How far the critic is from the true value of a state, along the completion: root mean squared "
        "difference from the mean reward of continuations by the same policy, without the noise of these, over the "
        f"probed steps; mean over seeds and Student's {LEVEL_TEXT} interval. A line for each part, from short chains "
        "(light) to long ones (dark). Dashed, in the same color: sqrt(p (1 - p) / G), the error of a group's mean as "
        "an estimate of the prompt's pass rate p, which takes no critic.",
        remark=values.remark,
    ),
    FigureKind(
        name="tuning",
        section="tuning",
        about="search",
        make=of_cells(tuning.tuning),
        caption="Random search of each algorithm over its own settings. A trial's score: mean over its seeds of the "
        "pass@1 of its last evaluation, on the validation split. Left, or on top: mean of the best of k trials over "
        f"all subsets of k, without replacement; band: {LEVEL_TEXT} interval by a bootstrap over the trials. Then: "
        "each trial against its learning rate, the best one large and filled.",
    ),
    FigureKind(
        name="survival-trials",
        section="tuning",
        about="search",
        make=of_cells(survival.of_trials),
        caption="Share of the drawn settings under which training has not collapsed (Kaplan-Meier), by the rule that "
        f"was fixed beforehand. {LOST}",
    ),
    *(
        FigureKind(
            name=_numbered("overoptimization", page),
            section="rewards",
            about="learning",
            make=of_cells(partial(rewards.overoptimization, page=page)),
            caption="True reward (verifier) and proxy (reward model, normalized by the base model's scores) against "
            "the distance from the base model: the square root of KL(policy || base) in nats per completion. Each "
            f"point after the first is the mean of a block of steps. {SEEDS} Circle: start; dotted: the base model. "
            "Columns, or rows in the narrow version: what the policy was trained on.",
            remark=lambda subject: rewards.crosses(subject.cells),
        )
        for page in range(PAGES)
    ),
    *(
        FigureKind(
            name=_numbered("proxy", page),
            section="rewards",
            about="learning",
            make=of_cells(partial(rewards.proxy_and_true, page=page)),
            caption="What the learned reward model says (proxy, normalized score) and what the verifier says (true "
            f"reward) of the same completions, in the color of the cell's algorithm. {SEEDS}",
        )
        for page in range(PAGES)
    ),
    FigureKind(
        name="calibration",
        section="rewards",
        about="learning",
        make=of_cells(calibration.calibration),
        caption="Calibration of each distinct reward model on held-out pairs (right, wrong) of one prompt: how sure it "
        "was against how often it was right, and how many pairs each point stands for. Whiskers: "
        f"{LEVEL_TEXT} Wilson interval, as if the pairs were independent.",
    ),
    FigureKind(
        name="communication",
        section="communication",
        about="costs",
        make=of_cells(communication.sent),
        caption="What one process sends in a step by phase, in multiples of the actor's weights: mean over steps after "
        "warm-up and over seeds. Whisker: smallest to largest seed.",
    ),
    FigureKind(
        name="memory",
        section="memory",
        about="costs",
        make=of_cells(memory.memory),
        caption="Left: exact bytes of weights, gradients, optimizer states and buffers by model. Right: measured peak "
        "of each phase, less what was held before any model was built; bars: mean over seeds, whiskers: smallest to "
        "largest.",
    ),
    FigureKind(
        name="memory-curve",
        section="memory",
        about="costs",
        make=of_cells(memory_curve.memory_curve),
        caption="How far GRPO's peak lies below PPO's, where the two differ by the algorithm and its critic alone. "
        f"Marks: measured, with Student's {LEVEL_TEXT} interval over seeds, paired. Dashed: exact bytes of weights, "
        "gradients and optimizer states alone. Dash-dotted, for float32 on a CPU: weights and optimizer states of "
        "all models, gradients of the actor, activations and logits of one micro-batch; without what the allocator "
        "keeps in reserve.",
    ),
    FigureKind(
        name="time",
        section="time",
        about="costs",
        make=of_cells(step_time.time_by_phase),
        caption="Seconds of one step by phase, evaluation and checkpoints left out: median over steps after warm-up, "
        "mean over seeds. White mark: the whole step, as in the tables, with what lies between the phases; medians "
        "need not add up to it. Whisker: smallest to largest seed.",
    ),
)
