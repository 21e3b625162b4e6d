"""What the page says about methods, in the words of the constants that the numbers were computed with."""

from __future__ import annotations

from rlvr_bench.reports.measures import machine
from rlvr_bench.reports.measures.accuracy import FINAL_SCORE
from rlvr_bench.reports.measures.collapse import RULE_IN_WORDS
from rlvr_bench.reports.numbers import LEVEL_TEXT
from rlvr_bench.reports.stats import REPLICATES, SMALL_N

METHODS = (
    f"Values are one number per seed; intervals are {LEVEL_TEXT} intervals over seeds. Of one cell, below {SMALL_N} "
    "seeds: Student's t interval of the mean (a bootstrap over so few values is too narrow); from there on: percentile "
    f"bootstrap of the interquartile mean, {REPLICATES:,} draws from a fixed seed. Of two cells: Student's interval of "
    "the paired differences, or of the paired logarithms of ratios, at every number of seeds.",
    f"Final score: {FINAL_SCORE}, never the best checkpoint. A run that diverged counts, with 0 if it was not "
    "evaluated afterwards. Runs that ended otherwise (out of memory, killed, timed out, failed) are shown, and left "
    "out of the averages.",
    "Costs leave out the warm-up steps, evaluation and checkpoints. A step's seconds: median over steps. Peaks: "
    "largest of a run, less what the device or process held before any model was built.",
    "First and last quarter: of the planned steps; a run that ended before its last quarter has none.",
    f"{machine.RULE_IN_WORDS} A claim about time needs {machine.LEAST_TIMED} timed steps a cell.",
    f"Collapse, fixed in advance, is any of: {RULE_IN_WORDS}.",
    "Primary are the hypotheses that the suite named before its runs. They alone are corrected, with Holm's method "
    "among themselves; a decision that does not survive is called inconclusive. All other findings are descriptive: "
    "each stands by its own interval, and neither corrects another nor is corrected. Undecidable is a test that "
    "could not have come out otherwise. Beside an equivalence stands the 90 % interval, which decides it, elsewhere "
    "the 95 % interval.",
)
WHY_PEAKS_DIFFER = (
    "Measured peaks do not save what the states do. What the algorithms share is on both sides of the ratio: "
    "activations, logits and the cache of keys and values. The allocator keeps freed blocks; the interpreter and its "
    "libraries take memory of their own, more of it than was held before the models. And a peak belongs to one phase: "
    "what only another phase needs does not add to it."
)
WHAT_IS_COUNTED_AS_SENT = (
    "Messages are counted where the backend of the processes is handed them: of what is reduced the tensor, of what is "
    "gathered or scattered the whole that the processes have shares of. What one of n processes sends is worked out "
    "from them as if every operation went round a ring: (n - 1) / n of a message, and twice that where it is reduced "
    "in all. Completions and metrics, which the processes exchange as objects, are not in it. The prediction has every "
    "completion at its full length."
)
WHY_AGREEMENT_IS_NO_EVIDENCE = (
    "The true reward is the verifier's, recorded for every reward that a policy was trained on. The proxy is the score "
    "of a reward model, in standard deviations of the base model's own completions. A proxy is over-optimized where it "
    "goes on rising while the true reward does not: the gap grows, and the proxy ranks fewer pairs rightly. Where the "
    "policy is trained on the verifier itself, the trained and the true reward are one number by construction, and "
    "that they agree is no evidence for verifiers."
)
SEEDS_FOR_ONE_SD = 10  # paired seeds that find an effect of one standard deviation with 80 % power at .05


def seeds_remark(fewest: int) -> str:
    """What so few seeds can and cannot say; empty where there are enough, or none."""
    if fewest == 0 or fewest >= SMALL_N:
        return ""
    if fewest == 1:
        return "n = 1 is one seed: a single run has no interval, so nothing that varies over runs can be decided by it."
    words = {2: "two seeds", 3: "three seeds"}.get(fewest, f"{fewest} seeds")
    return (
        f"n = {fewest} is {words}, no more. Intervals are t intervals over seeds (of logarithms for ratios), because a "
        "bootstrap over so few values is too narrow; they are wide, and most differences in accuracy and stability "
        f"will be inconclusive. Effects of one standard deviation need about {SEEDS_FOR_ONE_SD} paired seeds."
    )
