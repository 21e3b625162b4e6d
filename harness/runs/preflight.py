"""What would stop a run in its middle is found out before a model is loaded: data, gold answers, the sandbox."""

from __future__ import annotations

from collections.abc import Iterable

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build, hash_of
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.tasks.types import TaskError
from rlvr_bench.harness.training.grader import Grader


def preflight(configs: Iterable[RunConfig]) -> None:
    """Build each distinct task once and open its verifiers.

    Raises:
        ConfigError: all that is wrong with the tasks and their data.
        SandboxUnavailable: a task runs code and no tier of the sandbox works here.
    """
    distinct = {hash_of([c.to_dict()["task"], c.reward.components]): c for c in configs}
    problems = []
    for config in distinct.values():
        try:
            Grader(build(plugins.TASKS, config.task), config.reward).close()
        except TaskError as error:
            problems += str(error).splitlines()
    if problems:
        raise ConfigError(problems)
