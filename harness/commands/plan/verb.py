"""The options of `rlvr-bench plan`; what it does is in the modules beside it, imported when it is called."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Source(StrEnum):
    verifier = "verifier"
    learned = "learned"


class Precision(StrEnum):
    float32 = "float32"
    bfloat16 = "bfloat16"


class Offloaded(StrEnum):
    none = "none"
    optimizer = "optimizer"
    all = "all"


Rank = Annotated[
    int | None, typer.Option(min=1, metavar="RANK", help="Low-rank adapters on all linear layers, not all weights.")
]
Recompute = Annotated[bool, typer.Option("--checkpointing", help="Recompute activations in the backward pass.")]
Bandwidth = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="What a device sends in a second, as in 50GB: the time of communication."),
]
Critic = Annotated[str, typer.Option(metavar="MODEL", help="Model that the critic is made from.")]
Frozen = Annotated[bool, typer.Option("--offload-frozen", help="Reference and reward model on the CPU between uses.")]


def plan(
    model: Annotated[
        str,
        typer.Argument(help="A built-in architecture (qwen2.5-7b), tiny:64x2, a folder, or OWNER/MODEL of the hub."),
    ] = "",
    algorithm: Annotated[str, typer.Option(help="Algorithms, with commas between.")] = "ppo,grpo",
    reward: Annotated[Source, typer.Option(help="`learned` adds the reward model.")] = Source.verifier,
    gpu: Annotated[str | None, typer.Option(metavar="SIZE", help="Memory of one device, as in 80GiB.")] = None,
    devices: Annotated[int, typer.Option(min=1, help="Devices, one process each.")] = 1,
    stage: Annotated[int, typer.Option(min=0, max=3, help="ZeRO stage over the devices.")] = 0,
    offload: Annotated[Offloaded, typer.Option(help="States kept in CPU memory.")] = Offloaded.none,
    offload_frozen: Frozen = False,
    prompts: Annotated[int, typer.Option(min=1, help="Prompts a step, over all devices.")] = 32,
    group: Annotated[int, typer.Option(min=1, help="Completions of each prompt.")] = 8,
    prompt_tokens: Annotated[int, typer.Option(min=1, help="Tokens of the longest prompt.")] = 512,
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens of a completion.")] = 2048,
    micro_tokens: Annotated[int, typer.Option(min=1, help="Most tokens in one forward pass.")] = 65536,
    dtype: Annotated[Precision, typer.Option(help="Type of the weights.")] = Precision.bfloat16,
    checkpointing: Recompute = False,
    adapter: Rank = None,
    critic: Critic = "",
    solve: Annotated[
        bool, typer.Option("--solve", help="The largest micro-batch and model that fit; needs --gpu.")
    ] = False,
    bandwidth: Bandwidth = None,
    table: Annotated[
        Path | None, typer.Option(help="Write the table of models on 1 to 64 devices as Markdown here; needs --gpu.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Will PPO or GRPO of a model fit, what makes the peak, and what to change: from its config.json alone."""
    from rlvr_bench.harness.commands.plan.ask import answer
    from rlvr_bench.harness.commands.plan.question import Question

    answer(
        Question(
            model=model,
            algorithms=tuple(name.strip() for name in algorithm.split(",") if name.strip()),
            reward=reward.value,
            gpu=gpu,
            devices=devices,
            stage=stage,
            offload=offload.value,
            offload_frozen=offload_frozen,
            prompts=prompts,
            group=group,
            prompt_tokens=prompt_tokens,
            max_tokens=max_tokens,
            micro_tokens=micro_tokens,
            dtype=dtype.value,
            checkpointing=checkpointing,
            adapter=adapter,
            critic=critic,
        ),
        solve=solve,
        bandwidth=bandwidth,
        table=table,
        as_json=as_json,
    )
