"""What would stop a run in its middle is found out before a model is loaded: data, gold answers, the sandbox."""

from __future__ import annotations

from collections.abc import Iterable

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build, hash_of
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.models.base import pick_device
from rlvr_bench.harness.models.tiny import ModelError
from rlvr_bench.harness.state.identity import Inputs, inputs_of
from rlvr_bench.harness.tasks.types import Task, TaskError
from rlvr_bench.harness.training.grader import Grader


def preflight(configs: Iterable[RunConfig]) -> list[Inputs]:
    """Build each distinct task once and open its verifiers; returns what each run depends on besides its settings.

    Raises:
        ConfigError: all that is wrong with the tasks and their data, and with the models' names and files.
        SandboxUnavailable: a task runs code and no tier of the sandbox works here.
    """
    configs = list(configs)
    tasks: dict[str, Task] = {}
    problems: dict[str, None] = {}  # each once, in order
    found: list[Inputs] = []
    for config in configs:
        name = hash_of([config.to_dict()["task"], config.reward.components])
        try:
            pick_device(config.model)
            if name not in tasks:
                task = build(plugins.TASKS, config.task)
                Grader(task, config.reward).close()
                tasks[name] = task
            found.append(inputs_of(config, tasks[name]))
        except (TaskError, ModelError) as error:
            problems |= dict.fromkeys(str(error).splitlines())
    if problems:
        raise ConfigError(list(problems))
    return found
