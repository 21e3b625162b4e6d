"""`rlvr-bench eval`: held-out accuracy of a run's checkpoint, after the run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build, from_dict
from rlvr_bench.harness.models.base import load_base, pick_device
from rlvr_bench.harness.models.roles import Policy
from rlvr_bench.harness.records import read_json
from rlvr_bench.harness.rollout import rollout_engine
from rlvr_bench.harness.runs.machine import use_threads
from rlvr_bench.harness.state import checkpoint
from rlvr_bench.harness.training.evaluate import evaluate
from rlvr_bench.harness.training.grader import Grader


def show_evaluation(folder: Path, *, items: int | None = None, samples: int | None = None) -> None:
    """Print what `evaluate_run` finds, as JSON."""
    print(json.dumps(evaluate_run(folder, items=items, samples=samples), indent=1, sort_keys=True))


def evaluate_run(folder: Path, *, items: int | None = None, samples: int | None = None) -> dict[str, Any]:
    """The eval/* metrics of the checkpoint in a run folder, on the items of the run's own evaluations.

    Raises:
        RecordError: the folder holds no run.
        CheckpointError: the run kept no checkpoint.
    """
    config = from_dict(read_json(folder / "config.json")["config"])
    use_threads(config.compute.threads)
    samples = samples or config.evaluate.samples
    wanted = replace(
        config.evaluate,
        items=items or config.evaluate.items,
        final_items=0 if items else config.evaluate.final_items,
        samples=samples,
        k=tuple(k for k in config.evaluate.k if k <= samples),
    )
    config = replace(config, evaluate=wanted)
    weights = checkpoint.load_weights(folder)
    task = build(plugins.TASKS, config.task)
    with Grader(task, config.reward) as grader:
        lm, tokenizer = load_base(config.model, seed=config.warm_start.seed)
        Policy(lm).load_state_dict(weights)
        lm.to(pick_device(config.model)).eval()
        sampler = rollout_engine(config, lm, tokenizer)
        found = evaluate(sampler, tokenizer, task, grader, config, step=config.train.steps)
        where = {} if grader.sandbox is None else {"sandbox": grader.sandbox}
    return found.metrics | {"items": len(found.rows) // samples, "samples": samples} | where
