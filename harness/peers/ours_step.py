"""Steps of this project on the fixed work.

    python -m rlvr_bench.harness.peers.ours_step grpo --work FOLDER --steps 7 --json OUT

Everything that the shipped runs do in a step is in the time: meters, metrics and the line on disk.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch

from rlvr_bench.harness.config.load import resolve
from rlvr_bench.harness.meters.device import DeviceMeter
from rlvr_bench.harness.meters.environment import environment, version
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.models.roles import ScalarModel
from rlvr_bench.harness.peers.work import StepClock, Work, prompts, read, resident_bytes, reward, step_options
from rlvr_bench.harness.training.loop import Trainer
from rlvr_bench.rewards.types import Verdict, Verifier


class ShareOfDigits(Verifier):
    """Verifier with the reward of the fixed work."""

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        return [Verdict(share := reward(text), "pass" if share else "wrong") for text in completions]


def settings(work: Work, algorithm: str, model: Path, task: dict[str, Any], steps: int, micro_batch: int) -> dict:
    """The configuration of the run, as it would stand in TOML."""
    learned = {"source": "learned", "label_pairs": 0}  # label_pairs 0: the reward model's weights do not matter here
    return {
        "task": task,
        "algorithm": {"name": algorithm, "kl_coef": work.kl_coef},
        "seed": work.seed,
        "model": {"name": str(model), "dtype": "float32", "device": "cpu"},
        "reward": learned if algorithm == "ppo" else {"source": "verifier"},
        "rollout": {
            "prompts": work.prompts,
            "group_size": work.group,
            "max_tokens": work.completion_tokens,
            "min_tokens": work.completion_tokens,
            "max_prompt_tokens": work.prompt_tokens,
        },
        "train": {
            "steps": steps,
            "lr": work.learning_rate,
            "critic_lr": work.learning_rate,
            "micro_tokens": micro_batch * (work.prompt_tokens + work.completion_tokens),
        },
        "evaluate": {"every": 0},
        "compute": {"threads": work.threads, "share": False},  # every completion is worked on, on either side
    }


def write_task(work: Work, algorithm: str, folder: Path, steps: int) -> dict[str, Any]:
    """Fresh prompts for every step, and one held-out row because a task must have one."""
    texts = prompts(work, work.prompts * steps + 1)
    rows = [json.dumps({"prompt": text, "answer": "0"}) + "\n" for text in texts]
    train, test = folder / "train.jsonl", folder / "test.jsonl"
    train.write_text("".join(rows[:-1]), encoding="utf-8")
    test.write_text(rows[-1], encoding="utf-8")
    return {"name": "jsonl", "path": str(train), "test_path": str(test)}


def run(work: Work, algorithm: str, model: Path, steps: int, micro_batch: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        task = write_task(work, algorithm, folder, steps)
        config = resolve(settings(work, algorithm, model, task, steps, micro_batch))
        lengths, kl = set(), None
        before, peak = resident_bytes("VmRSS"), resident_bytes("VmHWM")
        device_meter = DeviceMeter(config.measure.period_s)
        with Recorder(torch.device("cpu"), device_meter=device_meter) as meter:
            trainer = Trainer(config, folder, meter)
            trainer.grader.verifiers["correct"] = ShareOfDigits()
            roles = trainer.models.by_role
            if isinstance(scorer := roles.get("reward"), ScalarModel):
                torch.nn.init.normal_(scorer.head.weight, std=0.02)  # scores that differ, as on the other side
            clock = StepClock()
            for step in range(1, steps + 1):
                row = trainer.step(step)
                trainer.logs.step(step, row | meter.finish_step())
                clock.step()
                lengths |= {row["rollout/length_mean"], row["rollout/length_max"]}
                kl = row["train/kl_to_reference"]
    return {
        "library": "rlvr-bench",
        "version": version("rlvr-bench"),
        "algorithm": algorithm,
        "seconds": clock.seconds,
        "cpu_seconds": clock.cpu_seconds,
        # Of the whole process, as on the other side: the meter resets VmHWM with each phase.
        "peak_rss_bytes": max(peak, device_meter.highest_memory, resident_bytes("VmHWM")),
        "imported_rss_bytes": before,
        "parameters": {role: sum(p.numel() for p in model.parameters()) for role, model in roles.items()},
        "dtypes": sorted({str(p.dtype) for model in roles.values() for p in model.parameters()}),
        "completions": config.completions * steps,
        "completion_tokens": sorted(lengths),
        "kl": kl,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "environment": environment(torch.device("cpu")),
    }


def main() -> None:
    options = step_options(__doc__)

    work = read(options.work)
    torch.set_num_threads(work.threads)
    micro_batch = options.micro_batch or work.completions
    result = run(work, options.algorithm, options.work, options.steps, micro_batch)
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
