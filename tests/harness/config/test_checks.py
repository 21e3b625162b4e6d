"""Settings that cannot work together are refused, all at once."""

from __future__ import annotations

from typing import Any

import pytest

from rlvr_bench.harness.config import checks
from rlvr_bench.harness.config.load import resolve
from rlvr_bench.harness.errors import ConfigError
from tests.harness.config.problems import problems
from tests.harness.small_runs import config

FEW = {"every": 1, "items": 2}


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        ({"train": {"minibatches": 3}}, "train.minibatches: 3 does not divide rollout.prompts = 4"),
        ({"algorithm": {"name": "raises"}, "rollout": {"group_size": 1}}, "rollout.group_size: raises compares"),
        ({"rollout": {"min_tokens": 4}}, "rollout.min_tokens: 4 exceeds rollout.max_tokens = 3"),
        ({"evaluate": {"k": [2, 3]}}, "evaluate.k: [2, 3] exceeds evaluate.samples = 2; raise samples"),
        (
            {"evaluate": {"final_items": 3}},
            "evaluate.final_items: 3 is fewer than evaluate.items = 4; raise it, or set it to 0",
        ),
        ({"train": {"lr_warmup_steps": 3}}, "train.lr_warmup_steps: 3 exceeds train.steps = 2"),
        ({"train": {"critic_warmup_steps": 2}}, "train.critic_warmup_steps: 2 leaves no step of train.steps = 2"),
        (
            {"task": {"name": "jsonl", "path": "x"}, "warm_start": {"steps": 1}},
            "warm_start.steps: the task jsonl has no demonstrations",
        ),
        (
            {"launch": {"processes": 2}},
            "launch.processes: 2 processes train together with DeepSpeed only; set train.engine to {name ",
        ),
        (
            {"launch": {"processes": 5}, "train": {"engine": {"name": "deepspeed"}}},
            "launch.processes: 5 processes are more than rollout.prompts = 4",
        ),
        (
            {
                "launch": {"processes": 3},
                "train": {"engine": {"name": "deepspeed"}},
                "evaluate": {"every": 1, "items": 2},
            },
            "launch.processes: 3 processes are more than evaluate.items = 2",
        ),
        (
            {"train": {"engine": {"name": "deepspeed", "stage": 2, "offload": "all"}}},
            "train.engine.offload: DeepSpeed cannot keep all in CPU memory at stage 2",
        ),
        (
            {"train": {"engine": {"name": "deepspeed", "stage": 3}}, "model": {"offload_frozen": True}},
            "model.offload_frozen: at stage 3 the frozen models are dealt out too",
        ),
        (
            {"train": {"engine": {"name": "deepspeed"}}, "measure": {"ladder_steps": [1]}},
            "measure.ladder_steps: the ladder is measured in one process",
        ),
        (
            {"train": {"engine": {"name": "deepspeed"}}, "launch": {"processes": 2}, "measure": {"many_items": 2}},
            "measure.many_items: many samples are drawn in one process",
        ),
        (
            {"train": {"engine": {"name": "deepspeed"}}, "compute": {"autocast": "bfloat16"}},
            "compute.autocast: not with DeepSpeed",
        ),
        ({"reward": {"components": {}}}, None),
        # 16 of 20 prompts are trained on, 4 x 4 pairs of 8 completions each: 256
        ({"reward": {"source": "learned", "label_pairs": 257}}, "reward.label_pairs: 257 asked for"),
    ],
)
def test_impossible_combinations(sections: dict[str, Any], line: str | None) -> None:
    if line is None:  # an empty table merges into the default; only a whole configuration can be empty there
        data = config().to_dict()
        data["reward"]["components"] = {}
        with pytest.raises(ConfigError, match=r"reward\.components: empty"):
            resolve(data)
        return
    (found,) = problems(**sections)
    assert found.startswith(line)


def test_vllm_is_refused_where_it_is_not_and_beyond_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    missing, hot = problems(rollout={"engine": "vllm", "temperature": 2.5})
    assert missing.startswith("rollout.engine: vllm is not installed: pip install 'rlvr-bench[vllm]'")
    assert hot == "rollout.temperature: vllm takes at most 2, got 2.5"
    monkeypatch.setattr(checks, "find_spec", lambda name: name)
    assert config(rollout={"engine": "vllm"}).rollout.engine == "vllm"


def test_a_name_is_short_for_the_table_of_an_engine() -> None:
    short = config(train={"engine": "torch"})
    assert short == config() and short.to_dict()["train"]["engine"] == "torch"
    table = {"name": "deepspeed", "stage": 3, "offload": "all"}
    long = config(train={"engine": table})
    assert long.to_dict()["train"]["engine"] == table and resolve(long.to_dict()) == long
    with pytest.raises(ConfigError, match=r"train.engine.stage: input should be 0, 1, 2 or 3, got 7"):
        config(train={"engine": {"name": "deepspeed", "stage": 7}})


def test_impossible_combinations_come_at_once() -> None:
    assert len(problems(train={"minibatches": 3, "critic_warmup_steps": 9}, rollout={"min_tokens": 9})) == 3
