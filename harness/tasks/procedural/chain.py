"""Arithmetic strictly from left to right: a chain of reasoning whose length is a setting."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable
from dataclasses import dataclass

from rlvr_bench.harness.tasks.procedural.draw import Tagged, check_shares, draw, errs, item_rng
from rlvr_bench.harness.tasks.seeds import item_seed
from rlvr_bench.harness.tasks.settings import range_problems, refuse_settings
from rlvr_bench.harness.tasks.types import Item, Split

Steps = list[tuple[str, int]]  # (operator, operand)
LABELS = string.ascii_letters + "!#$%&?@^_~|."  # of the first step, the second, ...


@dataclass(frozen=True)
class ChainConfig:
    min_steps: int = 3
    """Fewest operations in a chain; operations, 1 to max_steps."""
    max_steps: int = 5
    """Most operations in a chain; operations, min_steps to 1,000."""
    modulus: int = 10
    """Every running value is taken modulo this; 2 to 100.  Not mentioned in the prompt."""
    seed: int = 0
    """Which endless stream of items; any integer.  The split of a prompt does not depend on it."""
    labels: bool = False
    """Whether each step has a character of its own before it, in the prompt and in the demonstrations, by which a small
    model finds its place in a long chain; max_steps is at most 64 then."""

    def __post_init__(self) -> None:
        bad = range_problems(self, "steps", 1, len(LABELS) if self.labels else 1000)
        if not 2 <= self.modulus <= 100:
            bad.append(f"modulus must be in 2..100, got {self.modulus}")
        refuse_settings(bad)


class Chain(Tagged):
    """`7+3*2-5:` -> `<think>7+3=0;0*2=0;0-5=5</think><answer>5</answer>`, modulo 10.

    With labels `7a+3b*2c-5:` -> `<think>7a+3=0;0b*2=0;0c-5=5</think><answer>5</answer>`.
    """

    Config = ChainConfig

    config: ChainConfig

    def item(self, split: Split, index: int) -> Item:
        """One-digit operands; every length equally likely.  No operand is 0: `*0` would cancel all steps before."""
        c = self.config
        rng = item_rng("chain", c.min_steps, c.max_steps, c.modulus, c.seed, split=split, index=index)

        def make() -> tuple[str, tuple[int, Steps]]:
            count = rng.randint(c.min_steps, c.max_steps)
            start = rng.randrange(10)
            steps = [(rng.choice("+-*"), rng.randint(1, 9)) for _ in range(count)]
            written = "".join(f"{self._label(i)}{op}{operand}" for i, (op, operand) in enumerate(steps))
            return f"{start}{written}:", (start, steps)

        prompt, (start, steps) = draw(split, make, task="chain", remedy="widen min_steps and max_steps")
        _, value = self._run(start, steps)
        return Item(f"chain/{split}/{index}", prompt, str(value), {"steps": len(steps)})

    def demonstration(self, item: Item, *, noise: float, habit: float = 0.0, seed: int) -> str:
        """Every running value, then the last; with probability `noise` one random slip, carried to the end.

        A kind of step is a value, an operator and an operand; out of habit its result is one too high.
        """
        check_shares(noise, habit)
        rng = random.Random(item_seed("chain demonstration", item.id, seed))
        start, steps = _parse(item.prompt)
        trace, value = self._run(start, steps, lambda _, step: int(errs(f"chain {step}", habit, rng)))
        if rng.random() < noise:
            slip, offset = rng.randrange(len(steps)), rng.randrange(1, self.config.modulus)
            trace, value = self._run(start, steps, lambda i, _: offset if i == slip else 0)
            if str(value) == item.target:  # a later product hid the slip
                trace, value = self._run(start, steps, lambda i, _: offset if i == len(steps) - 1 else 0)
        return f"<think>{trace}</think><answer>{value}</answer>"

    def _run(self, start: int, steps: Steps, error: Callable[[int, str], int] = lambda i, step: 0) -> tuple[str, int]:
        """The written steps and the final value; `error(i, step)` is added to the value of step i."""
        lines, value = [], start
        for i, (op, operand) in enumerate(steps):
            step, before = f"{value}{op}{operand}", value
            exact = {"+": value + operand, "-": value - operand, "*": value * operand}[op]
            value = (exact + error(i, step)) % self.config.modulus
            lines.append(f"{before}{self._label(i)}{op}{operand}={value}")
        return ";".join(lines), value

    def _label(self, step: int) -> str:
        return LABELS[step] if self.config.labels else ""


def _parse(prompt: str) -> tuple[int, Steps]:
    """A prompt back into its start and steps."""
    return int(prompt[0]), [(op, int(operand)) for op, operand in re.findall(r"([-+*])([0-9])", prompt)]
