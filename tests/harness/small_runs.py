"""The smallest runs there are: a one-token task, algorithms that go wrong, and a 16x1 model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from rlvr_bench.algorithms.grpo import GRPO
from rlvr_bench.algorithms.types import Loss, Rollout
from rlvr_bench.harness.config.layers import merge
from rlvr_bench.harness.config.load import resolve
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.records import read_metrics
from rlvr_bench.harness.tasks.types import Item
from rlvr_bench.harness.training.loop import Trainer
from rlvr_bench.rewards.types import PASS, Verdict, Verifier, wrong

CPU = torch.device("cpu")
PLUGINS = {
    "rlvr_bench.tasks": {"parity": "tests.harness.small_runs:Parity"},
    "rlvr_bench.algorithms": {
        "nan_loss": "tests.harness.small_runs:NanLoss",
        "raises": "tests.harness.small_runs:Raises",
        "shaped": "tests.harness.small_runs:Shaped",
    },
}
BASE: dict[str, Any] = {
    "task": {"name": "parity"},
    "algorithm": {"name": "grpo"},
    "model": {"name": "tiny:16x1"},
    "rollout": {"prompts": 4, "group_size": 4, "max_tokens": 3},
    "reward": {"label_pairs": 20, "label_prompts": 20, "label_samples": 8, "batch": 10, "epochs": 1},
    "train": {"steps": 2},
    "evaluate": {"every": 0, "items": 4, "samples": 2, "k": [2]},
    "measure": {"period_s": 1.0},
}


def config(**sections: Any) -> RunConfig:
    """The smallest run, with these sections merged in."""
    return resolve(merge(BASE, sections))


def run(settings: RunConfig, folder: Path, *, resume: bool = False) -> Trainer:
    """Train in this process."""
    folder.mkdir(parents=True, exist_ok=True)
    with Recorder(CPU, settings.measure.period_s) as meter, Trainer(settings, folder, meter) as trainer:
        trainer.run(start=trainer.resume() if resume else 0)
    return trainer


def metrics(folder: Path) -> list[dict[str, Any]]:
    """Lines of a run without what time and machine decide."""
    rows = read_metrics(folder / "metrics.jsonl")
    return [{name: value for name, value in row.items() if not name.startswith("cost/")} for row in rows]


def weights(trainer: Trainer, role: Any = "actor") -> dict[str, torch.Tensor]:
    """Copies of a model's weights."""
    return {name: tensor.clone() for name, tensor in trainer.models.by_role[role].state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Bit by bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@dataclass(frozen=True)
class ParityConfig:
    missing_every: int = 0
    """Every how many completions the verifier fails; 0 is never."""
    distinct: int = 0
    """How many different training prompts there are; 0 is no end to them."""
    seconds: float = 0.0
    """How long a batch of verdicts takes."""


class ParityVerifier(Verifier):
    """Right where the first character's code is as even or odd as the target says."""

    seconds = 0.0

    def __init__(self, missing_every: int) -> None:
        self.missing_every = missing_every

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        """One verdict a completion."""
        time.sleep(self.seconds)
        every = self.missing_every
        return [
            Verdict(None, "infra")
            if every and i % every == 0
            else PASS
            if text and ord(text[0]) % 2 == gold
            else wrong()
            for i, (text, gold) in enumerate(zip(completions, targets, strict=True))
        ]

    def close(self) -> None:
        """Nothing to release."""


class Parity:
    """`even 17:` -> any character with an even code; half of all characters are right from the start."""

    Config = ParityConfig

    def __init__(self, config: ParityConfig) -> None:
        self.config = config

    def size(self, split: str) -> int | None:
        return self.config.distinct or None

    def item(self, split: str, index: int) -> Item:
        odd = index % 2
        return Item(f"parity/{split}/{index}", f"{'odd' if odd else 'even'} {index % 10_000}:", odd)

    def verifiers(self) -> dict[str, ParityVerifier]:
        verifier = ParityVerifier(self.config.missing_every)
        verifier.seconds = self.config.seconds
        return {"correct": verifier}

    def answer(self, completion: str) -> str | None:
        return completion[:1] or None

    def demonstration(self, item: Item, *, noise: float, habit: float = 0.0, seed: int) -> str:
        return "ab"[(item.target + (seed % 100 < 100 * noise)) % 2]


class NanLoss(GRPO):
    """Loses itself in the second optimizer step."""

    calls = 0

    def policy_loss(self, batch: Rollout, logprobs: torch.Tensor, entropy: torch.Tensor) -> Loss:
        self.calls += 1
        loss = super().policy_loss(batch, logprobs, entropy)
        return loss if self.calls < 2 else Loss(loss.scalar * torch.nan, loss.metrics)


class Shaped(GRPO):
    """Changes the rewards before it compares them, by what it is told of the sizes of the batch."""

    def prepare(self, rollout: Rollout) -> Rollout:
        n = rollout.counts
        return super().prepare(replace(rollout, rewards=n.max_tokens + rollout.rewards * n.sequences / n.tokens))


class Raises(GRPO):
    """Cannot prepare; wants groups."""

    def prepare(self, rollout: Rollout) -> Rollout:
        raise RuntimeError("no advantages today")
