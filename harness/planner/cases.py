"""The runs that the planner is held against: rows of data, one setting after another on models from 0.1 to 500 M."""

from __future__ import annotations

from typing import Any

Settings = dict[str, Any]


def _case(name: str, algorithm: str, dtype: str, **more: Any) -> Settings:
    """Two steps, completions of full length, every phase of a run."""
    size = {"prompts": 2, "group_size": 4, "max_tokens": 32, "min_tokens": 32} | more.pop("rollout", {})
    settings: Settings = {
        "task": {"name": "sort"},
        "algorithm": {"name": algorithm} | more.pop("options", {}),
        "model": {"name": name, "dtype": dtype, "device": "cpu"} | more.pop("model", {}),
        "rollout": size,
        "train": {"steps": 2, "micro_tokens": 1024} | more.pop("train", {}),
        "evaluate": {"every": 1, "items": 4, "samples": 4} | more.pop("evaluate", {}),
        "reward": {"label_pairs": 0} | more.pop("reward", {}),
        "compute": {"threads": 1, "share": False} | more.pop("compute", {}),
        **({"launch": more.pop("launch")} if "launch" in more else {}),
    }
    assert not more, more
    return settings


def _on_two(name: str, algorithm: str, dtype: str, stage: int, **more: Any) -> Settings:
    """Two processes, each with half of the prompts."""
    engine = {"engine": {"name": "deepspeed", "stage": stage}}
    return _case(name, algorithm, dtype, train=engine, evaluate={"every": 0}, launch={"processes": 2}, **more)


TINY, MIDDLE, REAL, LARGE = "tiny:64x2", "tiny:256x8", "arch:smollm2-135m", "arch:qwen2.5-0.5b"
LONG = {"max_tokens": 128, "min_tokens": 128}
CHECKPOINTING = {"gradient_checkpointing": True}

CASES: dict[str, Settings] = {
    **{
        f"{algorithm} {model} {dtype}{' checkpointing' if again else ''}": _case(
            model, algorithm, dtype, model=CHECKPOINTING if again else {}
        )
        for model, checkpointing in ((TINY, (False, True)), (MIDDLE, (False,)))
        for algorithm in ("ppo", "grpo")
        for dtype in ("float32", "bfloat16")
        for again in checkpointing
    },
    **{
        f"{algorithm} {model} 128 tokens": _case(model, algorithm, "float32", rollout=LONG)
        for model in (TINY, MIDDLE)
        for algorithm in ("ppo", "grpo")
    },
    "ppo tiny:256x8 in micro-batches": _case(
        MIDDLE, "ppo", "float32", rollout=LONG | {"prompts": 4}, train={"micro_tokens": 600, "minibatches": 2}
    ),
    "grpo tiny:256x8 in micro-batches": _case(
        MIDDLE, "grpo", "bfloat16", rollout=LONG | {"prompts": 4}, train={"micro_tokens": 600, "minibatches": 2}
    ),
    "ppo tiny:256x8 four models": _case(MIDDLE, "ppo", "float32", reward={"source": "learned"}),
    "ppo tiny:256x8 shared completions": _case(MIDDLE, "ppo", "float32", compute={"share": True}),
    "grpo tiny:256x8 two epochs": _case(MIDDLE, "grpo", "bfloat16", train={"epochs": 2}),
    "ppo tiny:256x8 bfloat16 adapter": _case(
        MIDDLE, "ppo", "bfloat16", model={"adapter": {"rank": 8}}, evaluate={"every": 0}
    ),
    "ppo tiny:256x8 critic tiny:64x5": _case(
        MIDDLE, "ppo", "float32", model={"critic": "tiny:64x5"}, evaluate={"every": 0}
    ),
    **{
        f"{algorithm} {MIDDLE} {dtype} stage {stage}": _on_two(MIDDLE, algorithm, dtype, stage, rollout={"prompts": 4})
        for algorithm in ("ppo", "grpo")
        for dtype in ("float32", "bfloat16")
        for stage in (0, 1, 2, 3)
    },
    **{f"grpo {REAL} float32 stage {stage}": _on_two(REAL, "grpo", "float32", stage) for stage in (1, 3)},
    **{
        f"{algorithm} {REAL} {dtype}": _case(REAL, algorithm, dtype, evaluate={"every": 0})
        for algorithm in ("ppo", "grpo")
        for dtype in ("float32", "bfloat16")
    },
    f"grpo {REAL} float32 checkpointing": _case(REAL, "grpo", "float32", model=CHECKPOINTING, evaluate={"every": 0}),
    # Without a reference: weights, gradients, masters and optimizer of half a billion parameters are 8 GB.
    **{
        f"grpo {LARGE} {dtype}": _case(
            LARGE,
            "grpo",
            dtype,
            options={"kl_coef": 0.0},
            evaluate={"every": 0},
            rollout={"prompts": 1, "max_tokens": 16, "min_tokens": 16},
        )
        for dtype in ("float32", "bfloat16")
    },
}
