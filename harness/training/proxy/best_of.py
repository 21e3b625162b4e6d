"""Best of n: the base model's completions picked by the reward model, without any training.

Its KL to the base model is known, log n - (n - 1) / n nats at most, so it can be held against a policy that was trained
on the same reward model.
Source: Gao et al. 2022, arXiv:2210.10760; the estimator: Nakano et al. 2021, arXiv:2112.09332, appendix I.
"""

from __future__ import annotations

from statistics import fmean, stdev
from typing import Any

from rlvr_bench.harness.accuracy.estimators import best_of_n
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.models.roles import ScalarModel
from rlvr_bench.harness.models.scoring import score_rollout
from rlvr_bench.harness.rollout import rollout_engine
from rlvr_bench.harness.rollout.types import as_rollout
from rlvr_bench.harness.seeding import derive_seed
from rlvr_bench.harness.tasks.prompts import first_items
from rlvr_bench.harness.tasks.types import Task
from rlvr_bench.harness.training.evaluate import VerifierFailed, refuse_masked
from rlvr_bench.harness.training.grader import Grader, sample_and_grade
from rlvr_bench.harness.training.probe.many import powers_of_two
from rlvr_bench.rewards.learned import Normalizer


def measure_best_of(
    model: ScalarModel,
    normalizer: Normalizer,
    config: RunConfig,
    base: Any,
    tokenizer: Any,
    grader: Grader,
    task: Task,
) -> dict[str, Any]:
    """True reward and normalized score of the best of n = 1, 2, 4 ... completions, means over held-out prompts.

    Prompts with a completion whose verdict is missing are left out.  `true_error` is the standard error over prompts.

    Raises:
        VerifierFailed: more verdicts are missing than `reward.max_masked` allows.
    """
    m = config.measure
    items = first_items(task, config.evaluate.split, m.best_of_prompts)
    seed = derive_seed("best of n", config.reward.label_seed)
    sampler = rollout_engine(config, base, tokenizer)
    samples, grades = sample_and_grade(sampler, tokenizer, grader, items, config, count=m.best_of_samples, seed=seed)
    right = [verdict.reward for verdict in grades.true]
    refuse_masked(right.count(None) / len(right), config.reward.max_masked, "best of n")
    rollout = as_rollout(samples, max_tokens=config.rollout.max_tokens)
    raw = score_rollout(lambda part: model(part, at="end"), rollout, config.train.micro_tokens)
    scores = normalizer(raw).tolist()
    prompts = []
    for begin in range(0, len(right), m.best_of_samples):
        judged = [r for r in right[begin : begin + m.best_of_samples] if r is not None]
        if len(judged) == m.best_of_samples:
            prompts.append((scores[begin : begin + m.best_of_samples], judged))
    if len(prompts) < 2:
        raise VerifierFailed("best of n: fewer than two prompts have all of their verdicts; run `rlvr-bench doctor`")
    found: dict[str, list[float]] = {"n": [], "proxy": [], "true": [], "true_error": []}
    for n in powers_of_two(m.best_of_samples):
        true = [best_of_n(proxies, judged, n) for proxies, judged in prompts]
        found["n"].append(n)
        found["proxy"].append(fmean(best_of_n(proxies, proxies, n) for proxies, _ in prompts))
        found["true"].append(fmean(true))
        found["true_error"].append(stdev(true) / len(true) ** 0.5)
    return {**found, "prompts": len(prompts), "samples": m.best_of_samples, "split": config.evaluate.split}
