"""What would stop a run in its middle is found out before a model is loaded: data, golds, the sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import ConfigError, build, hash_of
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.tasks.types import Task, TaskError
from rlvr_bench.rewards.types import Verifier


def open_verifiers(task: Task, weights: Mapping[str, float]) -> dict[str, Verifier]:
    """The task's named verifiers; the caller closes them.

    Raises:
        TaskError: a weight names a component that the task does not have.
        SandboxUnavailable: the task runs code and no tier of the sandbox works here.
    """
    verifiers = task.verifiers()
    if unknown := sorted(set(weights) - set(verifiers)):
        close_all(verifiers)
        raise TaskError(f"reward.components: the task has no {', '.join(unknown)} (it has: {', '.join(verifiers)})")
    return verifiers


def close_all(verifiers: Mapping[str, Verifier]) -> None:
    """End their workers.  Idempotent."""
    for verifier in verifiers.values():
        verifier.close()


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
            close_all(open_verifiers(build(plugins.TASKS, config.task), config.reward.components))
        except TaskError as error:
            problems += str(error).splitlines()
    if problems:
        raise ConfigError(problems)
