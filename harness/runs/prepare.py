"""Models that runs share, made once in processes of their own before the first run, also before a single one.

So neither their time nor their memory is in any run's; a run finds them in the cache.
`python -m rlvr_bench.harness.runs.prepare CONFIG.json KIND` makes one.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, cast, get_args

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build, from_dict, hash_of
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.records import read_json, write_json
from rlvr_bench.harness.runs.children import Job, run_jobs
from rlvr_bench.harness.runs.machine import use_threads
from rlvr_bench.harness.runs.slots import Slot

Kind = Literal["base model", "reward model", "critic"]
Notice = Callable[[str], None]


def missing(configs: Iterable[RunConfig]) -> dict[Kind, list[RunConfig]]:
    """One configuration for each model that is to be made and is not in the cache."""
    from rlvr_bench.harness.training.cache import is_cached
    from rlvr_bench.harness.training.critic import critic_key
    from rlvr_bench.harness.training.reward_model import reward_model_key
    from rlvr_bench.harness.training.warm_start import ceiling_config, warm_start_key

    found: dict[Kind, dict[str, RunConfig]] = {"base model": {}, "reward model": {}, "critic": {}}
    for config in configs:
        ceiling = [ceiling_config(config)] if config.measure.base_items and config.measure.base_ceiling else []
        for base in (config, *ceiling):
            if base.warm_start.steps and not is_cached("warm-start", key := warm_start_key(base)):
                found["base model"].setdefault(hash_of(key), base)
        learned = config.has_reward_model and config.reward.label_pairs
        if learned and not is_cached("reward-model", key := reward_model_key(config)):
            found["reward model"].setdefault(hash_of(key), config)
        valued = config.train.critic_pretrain_steps and "critic" in build(plugins.ALGORITHMS, config.algorithm).roles
        if valued and not is_cached("critic", key := critic_key(config)):
            found["critic"].setdefault(hash_of(key), config)
    return {kind: list(by_key.values()) for kind, by_key in found.items()}


def prepare(configs: Sequence[RunConfig], slots: Sequence[Slot], *, notice: Notice) -> None:
    """Make what is missing; what cannot be made is left to the runs, which fail and record why.

    Args:
        notice: called with a line for a person.
    """
    for kind, wanted in missing(configs).items():
        if not wanted:
            continue
        notice(f"making {len(wanted)} {kind}{'s' if len(wanted) > 1 else ''}, shared by the runs")
        with tempfile.TemporaryDirectory(prefix="prepare-models-") as folder:
            for ending in run_jobs([_job(c, kind, Path(folder) / str(i)) for i, c in enumerate(wanted)], slots):
                if ending.code:
                    log = ending.job.log.read_text(encoding="utf-8", errors="replace").strip()
                    notice(f"a {kind} could not be made: {log.splitlines()[-1] if log else 'no reason given'}")


def _job(config: RunConfig, kind: Kind, folder: Path) -> Job:
    folder.mkdir()
    write_json(folder / "config.json", config.to_dict())
    module = "rlvr_bench.harness.runs.prepare"
    arguments = [str(folder / "config.json"), kind]
    return Job(kind, module, arguments, folder / "log", threads=config.compute.threads)


def make(config: RunConfig, kind: Kind) -> None:
    """Put the model into the cache."""
    from rlvr_bench.algorithms.types import Role
    from rlvr_bench.harness.models.base import pick_device
    from rlvr_bench.harness.models.roles import build_models
    from rlvr_bench.harness.training.critic import pretrain_critic
    from rlvr_bench.harness.training.grader import Grader
    from rlvr_bench.harness.training.reward_model import reward_model
    from rlvr_bench.harness.training.warm_start import base_model
    from rlvr_bench.rewards.learned import Normalizer

    use_threads(config.compute.threads)
    device, task = pick_device(config.model), build(plugins.TASKS, config.task)
    base, tokenizer, _ = base_model(config, task)
    if kind == "base model":
        return
    base.to(device)
    with Grader(task, config.reward, seed=config.seed) as grader:
        learned, normalizer = None, Normalizer()
        if config.has_reward_model:
            learned, normalizer, _ = reward_model(config, base, tokenizer, grader, task)
        if kind == "critic":
            roles: frozenset[Role] = frozenset({"actor", "critic"})
            models = build_models(base, tokenizer, roles, config, device=device, reward_model=learned)
            pretrain_critic(config, models, normalizer, grader, task)


def main(arguments: list[str]) -> None:
    """Entry of the child process: CONFIG.json KIND."""
    path, kind = arguments
    assert kind in get_args(Kind)
    make(from_dict(read_json(Path(path))), cast(Kind, kind))


if __name__ == "__main__":
    main(sys.argv[1:])
