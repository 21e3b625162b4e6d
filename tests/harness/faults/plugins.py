"""A task and algorithms that fail on purpose, for runs in processes of their own.

A fault that is to happen once leaves a file in the folder $FAULTS.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rlvr_bench.algorithms.grpo import GRPO, GRPOConfig
from rlvr_bench.algorithms.types import Loss, Rollout
from rlvr_bench.harness.tasks.types import Item
from rlvr_bench.rewards.types import PASS, Verdict, Verifier, wrong


def first_time(name: str) -> bool:
    """Whether this is asked for the first time."""
    mark = Path(os.environ["FAULTS"]) / name
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


class FirstCharacter(Verifier):
    """Right where the first character's code is as even or odd as the target says; may hang."""

    def __init__(self, hangs: bool) -> None:
        self.hangs = hangs

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        """One verdict a completion."""
        if self.hangs:
            time.sleep(3600)
        pairs = zip(completions, targets, strict=True)
        return [PASS if text and ord(text[0]) % 2 == gold else wrong() for text, gold in pairs]

    def close(self) -> None:
        """Nothing to release."""


@dataclass(frozen=True)
class LetterConfig:
    hangs: bool = False
    """Whether the verifier never answers."""


class Letter:
    """`even 17:` -> any character with an even code."""

    Config = LetterConfig

    def __init__(self, config: LetterConfig) -> None:
        self.config = config

    def size(self, split: str) -> int | None:
        return None

    def item(self, split: str, index: int) -> Item:
        odd = index % 2
        return Item(f"letter/{split}/{index}", f"{'odd' if odd else 'even'} {index % 10_000}:", odd)

    def verifiers(self) -> dict[str, Verifier]:
        return {"correct": FirstCharacter(self.config.hangs)}

    def answer(self, completion: str) -> str | None:
        return completion[:1] or None


@dataclass(frozen=True)
class FaultyConfig(GRPOConfig):
    fault: str = "none"
    """`oom`, `nan`, `kill` (once) or `slow`."""
    at: int = 3
    """In which call of the loss it happens, from 1."""


class Faulty(GRPO):
    """GRPO whose loss fails in one of its calls."""

    Config = FaultyConfig
    calls = 0

    def policy_loss(self, batch: Rollout, logprobs: torch.Tensor, entropy: torch.Tensor) -> Loss:
        """The loss of GRPO, or the fault."""
        self.calls += 1
        loss = super().policy_loss(batch, logprobs, entropy)
        fault = self.config.fault
        if fault == "slow":
            time.sleep(0.3)
        if self.calls < self.config.at:
            return loss
        if fault == "oom":
            raise torch.OutOfMemoryError("CUDA out of memory, says the test")
        if fault == "kill" and first_time("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        return Loss(loss.scalar * torch.nan, loss.metrics) if fault == "nan" else loss
