"""maj@k as an `evaluate` module; the arithmetic is in `rlvr_bench.harness.accuracy.estimators`."""

import datasets
import evaluate

from rlvr_bench.harness.accuracy.estimators import mean_maj_at_k

_DESCRIPTION = "maj@k: share of items whose most frequent answer of k samples is right; ties share the credit."
_INPUTS = """
Args:
    answers: for each item the final answers of its n samples, strings; an empty one has no vote.
    correct: for each item whether each of its samples is right.
    k: one number, or several; each in 1..n.  Samples beyond a multiple of k are left out.
Returns:
    {"maj@<k>": value in [0, 1]} for each k.
Example:
    >>> maj_at_k = evaluate.load("harness/accuracy/maj_at_k")
    >>> maj_at_k.compute(answers=[["4", "5", "4"]], correct=[[True, False, True]], k=3)
    {'maj@3': 1.0}
"""
_CITATION = "Wang et al. 2022, Self-Consistency Improves Chain of Thought Reasoning, arXiv:2203.11171"


class MajAtK(evaluate.Metric):
    """See `_DESCRIPTION`."""

    def _info(self):
        features = datasets.Features(
            {
                "answers": datasets.Sequence(datasets.Value("string")),
                "correct": datasets.Sequence(datasets.Value("bool")),
            }
        )
        return evaluate.MetricInfo(
            description=_DESCRIPTION, citation=_CITATION, inputs_description=_INPUTS, features=features
        )

    def _compute(self, answers, correct, k):
        # `evaluate` infers the type of a column from its first row, and a row of None has none.
        votes = [[answer or None for answer in item] for item in answers]
        return {f"maj@{each}": mean_maj_at_k(votes, correct, each) for each in ([k] if isinstance(k, int) else k)}
