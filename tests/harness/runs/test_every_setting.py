"""Every setting changes something: a run with another value leaves other records, or another test shows what it does.

A new field without an entry here fails.
"""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from rlvr_bench.harness.config.layers import merge, nested
from rlvr_bench.harness.config.load import config_hash
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.config.settings import settings_of
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.meters import device
from rlvr_bench.harness.meters.readings import Reading
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.records import read_completions, read_evaluations, read_many, read_metrics
from rlvr_bench.harness.training.base_measure import measure_base
from tests.harness import small_runs
from tests.harness.small_runs import CPU, config
from tests.rewards.waiting import wait_until

ROOT = Path(__file__).parents[3]
Table = dict[str, Any]
SORT: Table = {"task": {"name": "sort"}, "rollout": {"max_tokens": 20}}
WARM: Table = {"warm_start": {"steps": 2, "batch": 4}}
PPO: Table = {"algorithm": {"name": "ppo"}}
PRETRAINED: Table = merge(PPO, {"train": {"critic_pretrain_steps": 1, "critic_pretrain_batch": 8}})
ADAPTED: Table = {"model": {"adapter": {"rank": 2}}}
LEARNED: Table = {"reward": {"source": "learned"}}
BEST: Table = merge(LEARNED, {"measure": {"best_of_prompts": 4, "best_of_samples": 2}})
EVALUATED: Table = {"evaluate": {"every": 1, "split": "test"}}
LADDER: Table = {"measure": {"ladder_steps": [1], "ladder_batches": 2, "ladder_oracle": 2}}
PROBED: Table = merge(
    PPO, {"measure": {"critic_steps": [1], "critic_prompts": 4, "critic_states": 2, "critic_continuations": 4}}
)
MANY: Table = {
    "measure": {"many_items": 4, "many_samples": 4, "many_temperatures": [0.5, 1.5], "many_choice_samples": 2}
}
MISSING: Table = {"task": {"missing_every": 4}, "reward": {"max_masked": 0.1}}
NAN: Table = {"algorithm": {"name": "nan_loss"}, "train": {"steps": 6, "max_skipped": 0}}
MEASURED: Table = {
    "measure": {"base_items": 4, "base_samples": 2, "base_pass_items": 2, "base_pass_samples": 2},
    "warm_start": {"steps": 2, "batch": 4},
}

CHANGED: dict[str, tuple[Any, Table]] = {
    "seed": (2, {}),
    "model.name": ("tiny:32x1", {}),
    "model.dtype": ("bfloat16", {}),
    "model.critic": ("tiny:32x1", PPO),
    "model.adapter.rank": (3, ADAPTED),
    "model.adapter.alpha": (4.0, ADAPTED),
    "model.adapter.targets": (["q_proj"], ADAPTED),
    "warm_start.steps": (3, WARM),
    "warm_start.batch": (5, WARM),
    "warm_start.lr": (1e-2, WARM),
    "warm_start.noise": (1.0, WARM),
    "warm_start.habit": (1.0, merge(WARM, SORT)),
    "warm_start.seed": (1, WARM),
    "reward.source": ("random", {}),
    "reward.components": ({"correct": 2.0}, {}),
    "reward.false_positive_rate": (1.0, {}),
    "reward.false_negative_rate": (1.0, {}),
    "reward.label_pairs": (10, LEARNED),
    "reward.label_prompts": (24, LEARNED),
    "reward.label_samples": (9, LEARNED),
    "reward.label_seed": (1, LEARNED),
    "reward.label_noise": (0.5, LEARNED),
    "reward.model": ("tiny:32x1", LEARNED),
    "reward.epochs": (2, LEARNED),
    "reward.optimizer_steps": (1, LEARNED),
    "reward.batch": (5, LEARNED),
    "reward.lr": (1e-2, LEARNED),
    "reward.max_masked": (0.9, MISSING),
    "reward.deadline_s": (0.05, {"task": {"seconds": 0.5}, "train": {"steps": 1}}),
    "rollout.prompts": (8, {}),
    "rollout.group_size": (2, {}),
    "rollout.max_tokens": (5, {}),
    "rollout.min_tokens": (3, {}),
    "rollout.max_prompt_tokens": (5, {}),
    "rollout.temperature": (0.5, {}),
    "train.steps": (3, {}),
    "train.lr": (1e-2, {}),
    "train.critic_lr": (1e-2, PPO),
    "train.lr_warmup_steps": (2, {}),
    "train.critic_pretrain_steps": (2, PRETRAINED),
    "train.critic_pretrain_batch": (9, PRETRAINED),
    "train.critic_pretrain_lr": (1e-2, PRETRAINED),
    "train.critic_warmup_steps": (1, PPO),
    "train.epochs": (2, {}),
    "train.minibatches": (2, {}),
    "train.grad_clip": (1e-9, {}),
    "train.checkpoint_every": (1, {"train": {"checkpoint_every": 0}}),
    "train.max_skipped": (2, NAN),
    "evaluate.every": (1, {}),
    "evaluate.split": ("validation", EVALUATED),
    "evaluate.items": (3, EVALUATED),
    "evaluate.final_items": (6, EVALUATED),
    "evaluate.samples": (3, EVALUATED),
    "evaluate.k": ([1], EVALUATED),
    "compute.autocast": ("bfloat16", {}),
    "measure.sample_completions": (1, {}),
    "measure.base_items": (3, MEASURED),
    "measure.base_samples": (3, MEASURED),
    "measure.base_pass_items": (1, MEASURED),
    "measure.base_pass_samples": (4, MEASURED),
    "measure.base_ceiling": (True, MEASURED),
    "measure.many_items": (3, MANY),
    "measure.many_samples": (5, MANY),
    "measure.many_temperatures": ([0.5], MANY),
    "measure.many_choice_samples": (3, MANY),
    "measure.exact_kl": (True, {}),
    "measure.best_of_prompts": (3, BEST),
    "measure.best_of_samples": (4, BEST),
    "measure.ladder_steps": ([2], LADDER),
    "measure.ladder_batches": (3, LADDER),
    "measure.ladder_oracle": (3, LADDER),
    "measure.critic_steps": ([2], PROBED),
    "measure.critic_prompts": (3, PROBED),
    "measure.critic_states": (3, PROBED),
    "measure.critic_continuations": (5, PROBED),
}
"""By path: another value, and the settings of the run that has the usual one."""

HERE = "tests/harness/runs/test_every_setting.py"
ELSEWHERE = {
    "model.device": ("tests/harness/models/test_base.py", "device="),  # needs a GPU to differ
    "model.gradient_checkpointing": ("tests/harness/models/test_base.py", "gradient_checkpointing"),  # memory only
    "model.offload_frozen": ("tests/harness/models/test_roles.py", "offload_frozen"),  # memory only
    "model.chat_template": ("tests/harness/rollout/test_text.py", "chat_template"),  # characters have none
    "rollout.engine": ("tests/harness/rollout/test_vllm_engine.py", "engine ="),  # another library
    "rollout.max_gap": ("tests/harness/rollout/test_vllm_engine.py", "rollout.max_gap"),
    "rollout.long_prompts": ("tests/harness/rollout/test_long_prompts.py", "long_prompts"),
    "train.engine.name": (HERE, "test_an_engine_that_is_none_is_refused"),  # both give the same numbers
    "train.engine.stage": ("tests/harness/engines/deepspeed/test_engine.py", "are_dealt_out"),  # memory only
    "train.engine.offload": ("tests/harness/engines/deepspeed/test_engine.py", "offload"),  # memory only
    "launch.processes": ("tests/harness/engines/deepspeed/test_engine.py", "two_processes_equal_one"),  # time only
    "train.micro_tokens": ("tests/harness/training/test_loop.py", "micro_tokens"),  # memory only
    "compute.threads": ("tests/harness/runs/test_machine.py", "threads"),  # speed only
    "compute.share": ("tests/harness/rollout/test_torch_engine.py", "share="),  # work only
    "measure.period_s": (HERE, "test_a_shorter_period_gives_more_samples"),  # a sampling rate
    "measure.warmup_steps": (
        "tests/reports/measures/costs/test_step_time.py",
        "warmup_steps",
    ),  # what a report leaves out
}
"""Settings that change no record of a small run on a processor: the file of a test that shows what they do, and a word
in it."""
NOT_LEAVES = {"task.name", "task.options", "algorithm.name", "algorithm.options"}


def test_every_setting_has_an_entry() -> None:
    known = {one.path for one in settings_of(RunConfig)} - NOT_LEAVES
    assert known == CHANGED.keys() | ELSEWHERE.keys()
    assert not CHANGED.keys() & ELSEWHERE.keys()


@pytest.mark.parametrize("path", ELSEWHERE)
def test_what_is_shown_elsewhere_is_named_there(path: str) -> None:
    file, word = ELSEWHERE[path]
    assert word in (ROOT / file).read_text()


@pytest.mark.parametrize("path", ["rollout.engine", "train.engine"])
def test_an_engine_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match=rf"{path}: no engine 'abacus'; there are: torch"):
        config(**nested(path, "abacus"))


def test_a_shorter_period_gives_more_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[float] = []

    class Source:
        """Counts how often it is asked."""

        sampled = True

        def __init__(self, failures: object) -> None: ...

        def sample(self) -> Reading:
            taken.append(time.monotonic())
            return Reading()

        def energy_mj(self) -> None: ...

        def close(self) -> None: ...

    monkeypatch.setattr(device, "RssSource", Source)
    with Recorder(CPU, config(measure={"period_s": 10.0}).measure.period_s):
        time.sleep(0.2)
    assert taken == []
    with Recorder(CPU, config(measure={"period_s": 0.001}).measure.period_s):
        wait_until(lambda: len(taken) > 5)


@cache
def _records(digest: str) -> Any:
    """What a run leaves, times and memory left out; how it fails, if it does."""
    settings = KNOWN[digest]
    if settings.measure.base_items:
        found = vars(measure_base(settings, ["cell"]))
        return {name: value for name, value in found.items() if name not in ("seconds", "hash", "settings")}
    folder = Path(mkdtemp(prefix="setting-"))
    try:
        trainer = small_runs.run(settings, folder)
    except Exception as error:
        return f"{type(error).__name__}: {error}", small_runs.metrics(folder)
    return (
        small_runs.metrics(folder),
        read_evaluations(folder / "evaluations.jsonl.gz"),
        list(read_completions(folder / "completions.jsonl.gz")),
        [{k: v for k, v in row.items() if "seconds" not in k} for row in read_metrics(folder / "ladder.jsonl")],
        read_metrics(folder / "values.jsonl.gz"),
        read_many(folder / "many.jsonl.gz"),
        sorted(path.name for path in (folder / "checkpoints").glob("step-*")),
        trainer.reward_facts,
        trainer.critic_facts,
    )


KNOWN: dict[str, RunConfig] = {}


def records(settings: RunConfig) -> Any:
    """Each distinct run is made once."""
    digest = config_hash(settings)
    KNOWN[digest] = settings
    return _records(digest)


@pytest.mark.slow
@pytest.mark.parametrize("path", CHANGED)
def test_another_value_leaves_other_records(path: str) -> None:
    value, base = CHANGED[path]
    usual, other = config(**base), config(**merge(base, nested(path, value)))
    assert config_hash(usual) != config_hash(other)
    assert records(usual) != records(other)


def test_the_comparison_can_fail(tmp_path: Path) -> None:
    """Two runs of one configuration leave the same records: what differs above, differs by the setting."""
    one = config(**EVALUATED)
    first = records(one)
    _records.cache_clear()
    assert records(one) == first
