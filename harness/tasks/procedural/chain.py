"""Arithmetic strictly from left to right: a chain of reasoning whose length is a setting."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rlvr_bench.harness.tasks.procedural.draw import Tagged, check_shares, draw, errs, item_rng
from rlvr_bench.harness.tasks.seeds import item_seed
from rlvr_bench.harness.tasks.settings import range_problems, refuse_settings
from rlvr_bench.harness.tasks.types import Item, Split

MARK = "?"  # of a check, between a value and the next

Steps = list[tuple[str, int]]  # (operator, operand)


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
    blanks: bool = False
    """Whether the prompt is the written steps with a blank for each value.  Each step is then as far from its place in
    the completion as any other, and where min_steps is max_steps a small model finds its place in a long chain too."""

    def __post_init__(self) -> None:
        bad = range_problems(self, "steps", 1, 1000)
        if not 2 <= self.modulus <= 100:
            bad.append(f"modulus must be in 2..100, got {self.modulus}")
        refuse_settings(bad)


class Chain(Tagged):
    """`7+3*2-5:` -> `<think>7+3=0;0*2=0;0-5=5</think><answer>5</answer>`, modulo 10.

    With blanks the prompt is `7+3=_;_*2=_;_-5=_:`.
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
            between = "=_;_" if c.blanks else ""
            written = between.join(f"{op}{operand}" for op, operand in steps) + between[:2]
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
        trace, value = self._run(
            start,
            steps,
            lambda _, step: int(errs(f"chain {step}", habit, rng)),
            lambda exact: self._checked(exact, rng),
        )
        if rng.random() < noise:
            slip, offset = rng.randrange(len(steps)), rng.randrange(1, self.config.modulus)
            trace, value = self._run(start, steps, lambda i, _: offset if i == slip else 0)
            if str(value) == item.target:  # a later product hid the slip
                trace, value = self._run(start, steps, lambda i, _: offset if i == len(steps) - 1 else 0)
        return f"<think>{trace}</think><answer>{value}</answer>"

    def _checked(self, exact: int, rng: random.Random) -> Sequence[int]:
        """What is written behind the value of a step, which is `exact`: nothing here."""
        return ()

    def _run(
        self,
        start: int,
        steps: Steps,
        error: Callable[[int, str], int] = lambda i, step: 0,
        checked: Callable[[int], Sequence[int]] = lambda exact: (),
    ) -> tuple[str, int]:
        """The written steps and the final value.

        Args:
            error: of step i, added to its value.
            checked: further values of a step whose right value is given, each behind a mark; the last one is used.
        """
        lines, value = [], start
        for i, (op, operand) in enumerate(steps):
            step, exact = f"{value}{op}{operand}", result(value, op, operand, self.config.modulus)
            values = [(exact + error(i, step)) % self.config.modulus, *checked(exact)]
            value = values[-1]
            lines.append(f"{step}={MARK.join(map(str, values))}")
        return ";".join(lines), value


def result(value: int, op: str, operand: int, modulus: int) -> int:
    """Of one step."""
    return {"+": value + operand, "-": value - operand, "*": value * operand}[op] % modulus


def _parse(prompt: str) -> tuple[int, Steps]:
    """A prompt back into its start and steps."""
    return int(prompt[0]), [(op, int(operand)) for op, operand in re.findall(r"([-+*])([0-9])", prompt)]
