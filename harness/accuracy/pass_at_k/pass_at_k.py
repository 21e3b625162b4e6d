"""pass@k as an `evaluate` module; the arithmetic is in `rlvr_bench.harness.accuracy.estimators`."""

import datasets
import evaluate

from rlvr_bench.harness.accuracy.estimators import mean_pass_at_k

_DESCRIPTION = "Unbiased pass@k: mean over items of 1 - C(n - c, k) / C(n, k), n samples of which c are right."
_INPUTS = """
Args:
    rewards: for each item the rewards of its n samples; a positive one is right.
    k: one number, or several; each in 1..n.  pass@1 is the default.
Returns:
    {"pass@<k>": value in [0, 1]} for each k.
Example:
    >>> evaluate.load("harness/accuracy/pass_at_k").compute(rewards=[[1, 0, 0, 0]], k=[1, 2])
    {'pass@1': 0.25, 'pass@2': 0.5}
"""
_CITATION = "Chen et al. 2021, Evaluating Large Language Models Trained on Code, arXiv:2107.03374"


class PassAtK(evaluate.Metric):
    """See `_DESCRIPTION`."""

    def _info(self):
        features = datasets.Features({"rewards": datasets.Sequence(datasets.Value("float64"))})
        return evaluate.MetricInfo(
            description=_DESCRIPTION, citation=_CITATION, inputs_description=_INPUTS, features=features
        )

    def _compute(self, rewards, k=1):
        return {f"pass@{each}": mean_pass_at_k(rewards, each) for each in ([k] if isinstance(k, int) else k)}
