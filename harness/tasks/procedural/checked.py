"""Chains of arithmetic whose steps may be checked: `3*2=7?6` writes 7, computes again, and goes on with 6."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rlvr_bench.harness.tasks.procedural.chain import MARK, Chain, ChainConfig, result
from rlvr_bench.harness.tasks.self_checks import Checks
from rlvr_bench.harness.tasks.settings import refuse_settings

_STEP = re.compile(rf"(\d{{1,3}})([-+*])(\d)=(\d{{1,3}}(?:{re.escape(MARK)}\d{{1,3}})+)", re.ASCII)


@dataclass(frozen=True)
class CheckedChainConfig(ChainConfig):
    checks: float = 0.1
    """Chance that a demonstrated value is followed by a check, the value of a check too; in [0, 0.9].  What is written
    there is right, whatever was written before, so that a check corrects a slip of habit and else repeats a value."""

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_settings([] if 0 <= self.checks <= 0.9 else [f"checks must lie in [0, 0.9], got {self.checks}"])


class CheckedChain(Chain):
    """`7+3*2-5:` -> `<think>7+3=0;0*2=1?0;0-5=5</think><answer>5</answer>`: the items of `chain`.

    A prompt does not ask for checks, and no verdict depends on whether there is one.  A demonstration that has one of
    the slips of `noise` has no check.
    """

    Config = CheckedChainConfig

    def __init__(self, config: CheckedChainConfig) -> None:
        super().__init__(config)
        self._share = config.checks

    def checks(self, completion: str) -> Checks:
        """Those of all steps, against the arithmetic of the step as it is written."""
        total = corrected = harmed = unchanged = 0
        for left, op, operand, written in _STEP.findall(completion):
            exact = result(int(left), op, int(operand), self.config.modulus)
            values = [int(value) for value in written.split(MARK)]
            for before, after in pairwise(values):
                total += 1
                corrected += before != exact and after == exact
                harmed += before == exact and after != exact
                unchanged += before == after
        return Checks(total, corrected, harmed, unchanged)

    def _checked(self, exact: int, rng: random.Random) -> Sequence[int]:
        """The right value, as often as it is checked."""
        values = []
        while rng.random() < self._share:
            values.append(exact)
        return values
