"""`rlvr-bench eval`: held-out accuracy of a run's checkpoint, or of any model on any task."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rlvr_bench.harness.commands.accuracy import described, intervals
from rlvr_bench.harness.commands.folders import check_file
from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.layers import merge, parse_overrides, read_toml
from rlvr_bench.harness.config.load import build, from_dict, resolve, without_sandbox
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.models.base import pick_device
from rlvr_bench.harness.records import read_json, write_json
from rlvr_bench.harness.rollout import rollout_engine
from rlvr_bench.harness.rollout.long_prompts import fitting
from rlvr_bench.harness.runs.machine import use_threads
from rlvr_bench.harness.runs.preflight import preflight
from rlvr_bench.harness.state import checkpoint
from rlvr_bench.harness.training.evaluate import Evaluation, evaluate
from rlvr_bench.harness.training.grader import Grader
from rlvr_bench.harness.training.warm_start import base_model, checkpointed_model


@dataclass(frozen=True)
class Subject:
    """What is evaluated, and how."""

    name: str
    """For a person."""
    config: RunConfig
    checkpoint: checkpoint.Checkpoint | None = None
    """Of a run; None: the base model of the configuration."""
    trained: RunConfig | None = None
    """The run's own configuration, where its checkpoint holds an adapter and needs the base model that it was on."""

    @property
    def step(self) -> int:
        """It decides the sampler's seed: that of the run's own evaluation after this step."""
        return self.checkpoint.step if self.checkpoint else 0


def show_evaluation(subject: Subject, *, out: Path | None = None, as_json: bool = False) -> None:
    """Evaluate, print the accuracies with their intervals, and save what was found.

    Args:
        out: a JSON file.
        as_json: print what the file holds instead.
    Raises:
        ConfigError: the model, the task or the file cannot be used.
        SandboxUnavailable: the task runs code, and no tier of the sandbox works here.
    """
    if out is not None:
        check_file(out)
    preflight([subject.config], lambda line: print(line, file=sys.stderr))
    found, sandbox = _evaluate(subject)
    record = _record(subject, found, sandbox)
    print(json.dumps(record, indent=1, sort_keys=True) if as_json else text(subject, found))
    if out is not None:
        write_json(out, record)


def subject_of(
    source: Path | None,
    *,
    model: str | None = None,
    task: str | None = None,
    overrides: Sequence[str] = (),
    items: int | None = None,
    samples: int | None = None,
    unsafe: bool = False,
) -> Subject:
    """From what the command line says.

    Args:
        source: a run folder, a run's TOML file, or None.
        model: a name or a path, evaluated as it is; instead of what the source has.
        task: likewise, with its own settings from `overrides`.
    Raises:
        ConfigError: the settings cannot be used, or there is no model or no task.
        RecordError: the folder holds no run.
        CheckpointError: the run kept no checkpoint.
    """
    is_run = source is not None and source.suffix != ".toml"
    if source is None and (model is None or task is None):
        raise ConfigError(["eval: give a run folder, a run's TOML file, or --model and --task"])
    weights = checkpoint.required(source) if is_run and source and model is None else None
    table: dict[str, Any] = {"algorithm": {"name": "grpo"}}
    if source is not None:
        table = merge(table, read_json(source / "config.json")["config"] if is_run else read_toml(source))
    if task is not None:
        table = merge(table, {"task": {"name": task}})
    if model is not None:
        table = merge(table, {"model": {"name": model}})
        table["model"] = {key: value for key, value in table["model"].items() if key not in ("critic", "adapter")}
    if model is not None or weights is not None:
        table = merge(table, {"warm_start": {"steps": 0}})  # the weights are there
    table = merge(table, {"train": {"engine": "torch"}, "launch": {"processes": 1}})  # whatever trained it
    config = _sized(resolve(merge(table, parse_overrides(overrides))), items, samples)
    config = without_sandbox([config])[0] if unsafe else config
    name = f"{source}, step {weights.step}" if weights else model or f"base model of {source}"
    trained = from_dict(read_json(source / "config.json")["config"]) if weights and source else None
    adapter = trained if trained and trained.model.adapter is not None else None
    return Subject(f"{name}, on {config.task.name}", config, weights, adapter)


def _sized(config: RunConfig, items: int | None, samples: int | None) -> RunConfig:
    """With so many held-out items and completions of each, where they are given."""
    e = config.evaluate
    samples = samples or e.samples
    wanted = replace(
        e,
        every=e.every or 1,
        items=items or e.items,
        final_items=0 if items else e.final_items,
        samples=samples,
        k=tuple(k for k in e.k if k <= samples),
    )
    return replace(config, evaluate=wanted)


def _evaluate(subject: Subject) -> tuple[Evaluation, str | None]:
    """What is found, and the sandbox that code was run in."""
    config = subject.config
    use_threads(config.compute.threads)
    task = build(plugins.TASKS, config.task)
    with Grader(task, config.reward) as grader:
        if subject.checkpoint is None:
            lm, tokenizer, _ = base_model(config, task)
        else:
            made = replace(subject.trained or config, model=config.model)
            lm, tokenizer = checkpointed_model(made, build(plugins.TASKS, made.task), subject.checkpoint)
        task, _ = fitting(task, tokenizer, config)
        lm.to(pick_device(config.model)).eval()
        sampler = rollout_engine(config, lm, tokenizer)
        # The last step and step 0 have the items of `evaluate.final_items`.
        config = replace(config, train=replace(config.train, steps=max(1, subject.step)))
        return evaluate(sampler, tokenizer, task, grader, config, step=subject.step), grader.sandbox


def text(subject: Subject, found: Evaluation) -> str:
    """Accuracies with intervals, and the other metrics that there are, as lines."""
    others = [
        f"{name.removeprefix('eval/')} {value:.3f}"
        for name, value in sorted(found.metrics.items())
        if value is not None and name not in ("eval/pass@1", "eval/greedy", "eval/items")
    ]
    return "\n".join([subject.name, described(found.counts), ", ".join(others)])


def _record(subject: Subject, found: Evaluation, sandbox: str | None) -> Mapping[str, Any]:
    config = subject.config.to_dict()
    named = {f"eval/{name}": one[1:] for name, one in intervals(found.counts).items() if one}
    return {
        **found.metrics,
        "subject": subject.name,
        "step": subject.step,
        "items": len(found.counts.right),
        "samples": found.counts.samples,
        "intervals": named,
        "counts": asdict(found.counts),
        "config": {name: config[name] for name in ("task", "model", "warm_start", "rollout", "evaluate", "seed")},
        **({} if sandbox is None else {"sandbox": sandbox}),
    }
