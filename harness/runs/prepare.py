"""Models that runs share, made once in processes of their own before the first run, also before a single one.

So neither their time nor their memory is in any run's; a run finds them in the cache.
`python -m rlvr_bench.harness.runs.prepare CONFIG.json KIND` makes one.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build, from_dict
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.records import hash_of, read_json, write_json
from rlvr_bench.harness.runs.children import run_jobs
from rlvr_bench.harness.runs.jobs import Job
from rlvr_bench.harness.runs.machine import use_threads
from rlvr_bench.harness.runs.slots import Slot
from rlvr_bench.harness.state.stop import end_with_parent

Kind = Literal["warm start", "reward model", "critic"]
Notice = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """A model that is to be made, with the configuration of one of the runs that share it."""

    kind: Kind
    digest: str  # of all that it depends on
    config: RunConfig
    made_from: frozenset[tuple[Kind, str]] = frozenset()  # kind and digest of each

    @property
    def name(self) -> tuple[Kind, str]:
        return self.kind, self.digest


def missing(configs: Iterable[RunConfig]) -> list[Wanted]:
    """Each model once that is to be made and is not in the cache, by kind and then in the order of the runs."""
    from rlvr_bench.harness.state.cache import is_cached
    from rlvr_bench.harness.state.identity import base_inputs_of
    from rlvr_bench.harness.training.reward_model import reward_model_key
    from rlvr_bench.harness.training.values.critic import critic_key
    from rlvr_bench.harness.training.warm_start import ceiling_config, other_config, warm_start_key

    found: dict[tuple[Kind, str], Wanted] = {}

    def want(kind: Kind, key: dict[str, Any], config: RunConfig, *made_from: tuple[Kind, str]) -> tuple[Kind, str]:
        model = Wanted(kind, hash_of(key), config, frozenset(made_from))
        if not is_cached(kind.replace(" ", "-"), key):
            found.setdefault(model.name, model)
        return model.name

    def other(config: RunConfig, name: str) -> list[tuple[Kind, str]]:
        """The warm start of the model that another role is made from."""
        if not config.warm_start.steps:
            return []
        made = other_config(config, name)
        (inputs,) = base_inputs_of([made])
        return [want("warm start", warm_start_key(made, inputs), made)]

    configs = list(configs)
    for config, inputs in zip(configs, base_inputs_of(configs), strict=True):
        before: list[tuple[Kind, str]] = []
        if config.measure.base_items and config.measure.base_ceiling and config.warm_start.steps:
            want("warm start", warm_start_key(ceiling := ceiling_config(config), inputs), ceiling)
        if config.warm_start.steps:
            before.append(want("warm start", warm_start_key(config, inputs), config))
        if config.has_reward_model and config.reward.label_pairs:
            of = [*before, *other(config, config.reward.model)] if config.reward.model else before
            before.append(want("reward model", reward_model_key(config, inputs), config, *of))
        if "critic" not in build(plugins.ALGORITHMS, config.algorithm).roles:
            continue
        if config.model.critic:
            before += other(config, config.model.critic)
        if config.train.critic_pretrain_steps:
            want("critic", critic_key(config, inputs), config, *before)
    return sorted(found.values(), key=lambda model: get_args(Kind).index(model.kind))


def prepare(configs: Sequence[RunConfig], slots: Sequence[Slot], *, notice: Notice) -> None:
    """Make what is missing; what cannot be made is left to the runs, which fail and record why.

    Args:
        notice: called with a line for a person.
    """
    wanted = missing(configs)
    if not wanted:
        return
    counts = Counter(model.kind for model in wanted)
    told = [f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts.items()]
    notice(f"making {', '.join(told)}, shared by the runs")
    with tempfile.TemporaryDirectory(prefix="prepare-models-") as folder:
        for ending in run_jobs([_job(model, Path(folder) / str(i)) for i, model in enumerate(wanted)], slots):
            if ending.code:
                notice(f"a {ending.job.name[0]} could not be made: {ending.last_line}")


def _job(model: Wanted, folder: Path) -> Job:
    folder.mkdir()
    write_json(folder / "config.json", model.config.to_dict())
    module = "rlvr_bench.harness.runs.prepare"
    arguments = [str(folder / "config.json"), model.kind]
    threads = model.config.compute.threads
    return Job(model.name, module, arguments, folder / "log", threads=threads, after=model.made_from)


def make(config: RunConfig, kind: Kind) -> None:
    """Put the model into the cache."""
    from rlvr_bench.algorithms.types import Role
    from rlvr_bench.harness.models.base import pick_device
    from rlvr_bench.harness.models.roles import build_models
    from rlvr_bench.harness.rollout.long_prompts import fitting
    from rlvr_bench.harness.training.grader import Grader
    from rlvr_bench.harness.training.reward_model import reward_model
    from rlvr_bench.harness.training.values.critic import pretrain_critic
    from rlvr_bench.harness.training.warm_start import base_model, critic_model
    from rlvr_bench.rewards.learned import Normalizer

    use_threads(config.compute.threads)
    device, task = pick_device(config.model), build(plugins.TASKS, config.task)
    base, tokenizer, _ = base_model(config, task)
    if kind == "warm start":
        return
    task, _ = fitting(task, tokenizer, config)
    base.to(device)
    with Grader(task, config.reward, seed=config.seed) as grader:
        learned, normalizer = None, Normalizer()
        if config.has_reward_model:
            learned, normalizer, _ = reward_model(config, base, tokenizer, grader, task)
        if kind == "critic":
            roles: frozenset[Role] = frozenset({"actor", "critic"})
            critic = critic_model(config, task, base, roles)
            models = build_models(base, tokenizer, roles, config, device=device, reward_model=learned, critic=critic)
            pretrain_critic(config, models, normalizer, grader, task)


def main(arguments: list[str]) -> None:
    """Entry of the child process: CONFIG.json KIND."""
    path, kind = arguments
    end_with_parent()
    assert kind in get_args(Kind)
    make(from_dict(read_json(Path(path))), cast(Kind, kind))


if __name__ == "__main__":
    main(sys.argv[1:])
