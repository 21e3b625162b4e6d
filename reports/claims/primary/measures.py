"""The one number a run that a hypothesis is about: what `harness.records.Measure` says, in code."""

from __future__ import annotations

from statistics import fmean, median

from rlvr_bench.harness.records import FROM_MANY, FROM_SEARCHES, LEFT_OUT, Hypothesis, Measure
from rlvr_bench.reports.cells.pairing import Paired, pair
from rlvr_bench.reports.claims.finding import Question
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.accuracy import GREEDY, PASS, score_in
from rlvr_bench.reports.measures.budgets import TARGET
from rlvr_bench.reports.measures.curves.lengths import CHECKED, LENGTH, WRONG_LENGTH
from rlvr_bench.reports.measures.curves.many import many_at
from rlvr_bench.reports.measures.windows import Window, ended_before, in_words, last_steps, mean_in, training_series
from rlvr_bench.reports.numbers import plain

SCORES: dict[Measure, str] = {"pass@1": PASS, "greedy": GREEDY}
WRITTEN: dict[Measure, str] = {"check_share": CHECKED, "length": LENGTH, "wrong_length": WRONG_LENGTH}
SHARES: tuple[Measure, ...] = (*SCORES, "check_share", *FROM_MANY, *FROM_SEARCHES)  # whose differences are in points
BUDGET_OF: dict[Measure, str] = {"target_seconds": "seconds", "target_samples": "samples", "target_flops": "flops"}
TIMED: tuple[Measure, ...] = ("step_seconds", "target_seconds")  # which a busy machine makes undecidable
QUESTION_OF: dict[Measure, Question] = {
    "pass@1": "accuracy",
    "greedy": "accuracy",
    "check_share": "length",
    "length": "length",
    "wrong_length": "length",
    "step_seconds": "cost",
    "peak_bytes": "memory",
    "state_bytes": "memory",
    "comm_bytes": "cost",
    "target_seconds": "budget",
    "target_samples": "budget",
    "target_flops": "budget",
    "pass@8": "accuracy",
    "pass@64": "accuracy",
    "pass@256": "accuracy",
    "maj@64": "accuracy",
    "near_best": "stability",
}
_OF_A_STEP: dict[Measure, str] = {"step_seconds": "cost/seconds", "comm_bytes": "cost/communication/sent"}
_PEAK = "cost/memory/device_peak/"


def paired_values(a: Cell, b: Cell, hypothesis: Hypothesis) -> Paired:
    """Values of both cells over the seeds that finished with one in both; none for measures of time to a target."""
    return pair(a, b, lambda run: value_of(run, hypothesis)) or Paired((), (), ())


def value_of(run: Run, hypothesis: Hypothesis) -> float | None:
    """None where the run did not record it in the window."""
    measure, window = hypothesis.measure, last_steps(run, hypothesis.window)
    if measure in SCORES:
        return score_in(run, window, SCORES[measure])
    if measure in FROM_MANY:
        return many_at(run, measure)
    if measure in WRITTEN:
        return mean_in(run, training_series(run, WRITTEN[measure]), window)
    if measure == "state_bytes":
        return float(sum(states.total for states in run.roles.values())) if run.roles else None
    found = _of_steps(run, measure, window)
    if not found:
        return None
    return {"step_seconds": median, "comm_bytes": fmean}.get(measure, max)(found)


def described(hypothesis: Hypothesis, a: Cell) -> str:
    """What was measured and when, as sentences for the rule."""
    measure = hypothesis.measure
    if measure in BUDGET_OF:
        return f"Training's {BUDGET_OF[measure]} up to the first evaluation with pass@1 of {plain(TARGET)} or more."
    if measure in FROM_MANY:
        return f"{measure} of the policy after the last step, at the temperature chosen for it on the split validation."
    if measure == "state_bytes":
        return "Exact bytes of all models' weights, gradients, optimizer states and buffers."
    window = next((w for r in a.runs if (w := last_steps(r, hypothesis.window))), None)
    when = in_words(window) if window else f"the last {hypothesis.window} planned steps"
    what = {
        "check_share": "Mean share of completions with a self-check at the evaluations",
        "length": "Mean length of completions at the evaluations, tokens,",
        "wrong_length": "Mean length of wrong completions at the evaluations, tokens,",
        "step_seconds": "Median seconds of a step",
        "comm_bytes": "Mean bytes that one process sends in a step, every operation round a ring,",
        "peak_bytes": "Largest peak of a step's phases, with what was held before the models",
    }.get(measure, f"Mean {measure} of the evaluations")
    return f"{what} in {when}."


def _of_steps(run: Run, measure: Measure, window: Window | None) -> list[float]:
    if window is None or ended_before(run, window):
        return []
    rows = [row for row in run.metrics if window[0] <= row["step"] <= window[1]]
    if name := _OF_A_STEP.get(measure):
        return [float(row[name]) for row in rows if row.get(name) is not None]
    return [
        float(value)
        for row in rows
        for name, value in row.items()
        if name.startswith(_PEAK) and value is not None and name.removeprefix(_PEAK) not in LEFT_OUT
    ]
