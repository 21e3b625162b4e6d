"""What would stop a run in its middle is found out before a model is loaded: data, gold answers, prompts, the sandbox,
the model's files and lengths."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.deepspeed.start import INSTALL, is_installed
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.models.adapters import target_problems
from rlvr_bench.harness.models.base import length_problems, pick_device, vocabulary_problems, without_weights
from rlvr_bench.harness.models.tiny import ModelError
from rlvr_bench.harness.records import hash_of
from rlvr_bench.harness.rollout import long_prompts
from rlvr_bench.harness.state.identity import Inputs, inputs_of
from rlvr_bench.harness.tasks.types import Task, TaskError
from rlvr_bench.harness.training.grader import Grader

Notice = Callable[[str], None]


def preflight(configs: Iterable[RunConfig], notice: Notice = lambda line: None, *, here: bool = True) -> list[Inputs]:
    """Build each distinct task once and open its verifiers; returns what each run depends on besides its settings.

    Args:
        notice: called with a line for a person, such as how many prompts are left out.
        here: the runs are to be on this machine, whose GPU they need if they ask for one.
    Raises:
        ConfigError: all that is wrong with the tasks and their data, and with the models' names, files and lengths.
        SandboxUnavailable: a task runs code and no tier of the sandbox works here.
    """
    tasks: dict[str, Task] = {}
    problems: dict[str, None] = {}  # each once, in order
    notes: dict[str, None] = {}
    found: list[Inputs] = []
    lengths = _Lengths()
    for config in configs:
        name = hash_of([config.to_dict()["task"], config.reward.components])
        try:
            if here:
                pick_device(config.model)
                problems |= dict.fromkeys(_engine_problems(config))
            if name not in tasks:
                task = build(plugins.TASKS, config.task)
                Grader(task, config.reward).close()
                tasks[name] = task
            wrong, dropped = lengths.of(config, tasks[name])
            found.append(inputs_of(config, tasks[name]))
            problems |= dict.fromkeys(wrong)
            notes |= dict.fromkeys(dropped)
        except (TaskError, ModelError) as error:
            problems |= dict.fromkeys(str(error).splitlines())
    if problems:
        raise ConfigError(list(problems))
    for line in notes:
        notice(line)
    return found


def _engine_problems(config: RunConfig) -> list[str]:
    if config.train.engine.name == "deepspeed" and not is_installed():
        return [f"train.engine: DeepSpeed is not installed; {INSTALL}"]
    return []


class _Lengths:
    """Prompts and contexts of the runs, each distinct choice of them looked at once."""

    def __init__(self) -> None:
        self._model = cache(without_weights)
        self._known: dict[str, tuple[list[str], list[str]]] = {}

    def of(self, config: RunConfig, task: Task) -> tuple[list[str], list[str]]:
        """What is wrong, and what a person should know.

        Raises:
            ModelError: the model's files are damaged or not all there.
            TaskError: no item to train on is short enough.
        """
        data: dict[str, Any] = config.to_dict()
        parts = [data[name] for name in ("task", "model", "rollout", "evaluate")]
        key = hash_of([*parts, config.measure.base_items, config.has_reward_model and config.reward.model])
        if key not in self._known:
            self._known[key] = self._look(config, task)
        return self._known[key]

    def _look(self, config: RunConfig, task: Task) -> tuple[list[str], list[str]]:
        about, tokenizer = self._model(config.model.name)
        wrong = length_problems(about, config.rollout) + long_prompts.problems(task, tokenizer, config)
        if config.model.adapter is not None:
            wrong += target_problems(about, config.model.name, config.model.adapter.targets)
        if config.model.critic:
            wrong += self._reader("model.critic", config.model.critic, config, tokenizer)
        if config.has_reward_model and config.reward.model:
            wrong += self._reader("reward.model", config.reward.model, config, tokenizer)
        _, dropped = long_prompts.fitting(task, tokenizer, config)
        return wrong, long_prompts.told(dropped, config)

    def _reader(self, place: str, name: str, config: RunConfig, tokenizer: Any) -> list[str]:
        """What is wrong with a critic or a reward model that is not made from the actor's model.

        Args:
            place: the setting that names it.
        """
        try:
            about, its_own = self._model(name)
        except ModelError as error:
            raise ModelError(str(error).replace("model.name", place)) from None
        wrong = vocabulary_problems(place, (config.model.name, tokenizer), (name, its_own))
        return wrong + length_problems(about, config.rollout, place)
