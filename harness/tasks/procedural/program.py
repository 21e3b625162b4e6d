"""Write a program for a few steps of arithmetic: the smallest task whose verdicts need the sandbox."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from rlvr_bench.harness.tasks.procedural.draw import Procedural, check_shares, draw, errs, item_rng
from rlvr_bench.harness.tasks.sandboxed import CodeSettings, code_problems, code_verifier
from rlvr_bench.harness.tasks.seeds import item_seed
from rlvr_bench.harness.tasks.settings import range_problems, refuse_settings
from rlvr_bench.harness.tasks.types import Item, Split
from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.types import Verifier

CASES = 4
SYMBOLS = {"add": "+", "minus": "-", "times": "*"}

Steps = list[tuple[str, int]]  # (word, operand)


@dataclass(frozen=True)
class ProgramConfig(CodeSettings):
    min_ops: int = 2
    """Fewest operations in a prompt; operations, 1 to max_ops."""
    max_ops: int = 3
    """Most operations in a prompt; operations, min_ops to 100.  A demonstration has at most 32 characters for 3,
    and four more for each one more."""
    seed: int = 0
    """Which endless stream of items; any integer.  The split of a prompt does not depend on it."""

    def __post_init__(self) -> None:
        refuse_settings(code_problems(self) + range_problems(self, "ops", 1, 100))


class Program(Procedural):
    """`add 3, times 2, minus 4:` -> a fenced block with `def f(x):return(x+3)*2-4`."""

    Config = ProgramConfig

    config: ProgramConfig

    def item(self, split: Split, index: int) -> Item:
        """One-digit operands that change something; every number of operations equally likely."""
        least, most = self.config.min_ops, self.config.max_ops
        # Not the sandbox's settings: they must not change the items.
        rng = item_rng("program", least, most, self.config.seed, split=split, index=index)

        def make() -> tuple[str, Steps]:
            steps = [_step(rng) for _ in range(rng.randint(least, most))]
            return f"{', '.join(f'{word} {operand}' for word, operand in steps)}:", steps

        prompt, steps = draw(split, make, task="program", remedy="widen min_ops and max_ops")
        cases = [{"args": [x], "want": _value(steps, x)} for x in rng.sample(range(-20, 21), CASES)]
        target = {"type": "call", "entry": "f", "cases": cases}
        return Item(f"program/{split}/{index}", prompt, target, {"ops": len(steps)})

    def verifiers(self) -> dict[str, Verifier]:
        """The program's values, from a sandbox."""
        return {"correct": code_verifier(self.config)}

    def answer(self, completion: str) -> str | None:
        """The program."""
        return CodeVerifier.answer(completion)

    def demonstration(self, item: Item, *, noise: float, habit: float = 0.0, seed: int) -> str:
        """The function as one expression; with probability `noise` with one operation changed at random.

        A kind of step is an operation with its operand, after another operation; out of habit the operand is one too
        high (9: one too low).
        """
        check_shares(noise, habit)
        rng = random.Random(item_seed("program demonstration", item.id, seed))
        steps = [(word, int(operand)) for word, operand in re.findall(r"(\w+) (\d)", item.prompt)]
        shown = [
            (word, operand + (1 if operand < 9 else -1))
            if errs(f"program {last} {word} {operand}", habit, rng)
            else (word, operand)
            for (last, _), (word, operand) in zip([("", 0), *steps], steps, strict=False)
        ]
        if rng.random() < noise:
            shown = steps
            while all(_value(shown, case["args"][0]) == case["want"] for case in item.target["cases"]):
                i = rng.randrange(len(steps))
                shown = [*steps[:i], _step(rng), *steps[i + 1 :]]
        return f"```\ndef f(x):return{_expression(shown)}\n```"


def _step(rng: random.Random) -> tuple[str, int]:
    word = rng.choice(list(SYMBOLS))
    return word, rng.randint(2 if word == "times" else 1, 9)


def _value(steps: Steps, x: int) -> int:
    """From left to right."""
    for word, operand in steps:
        x = {"add": x + operand, "minus": x - operand, "times": x * operand}[word]
    return x


def _expression(steps: Steps) -> str:
    """The text after `return`, with its blank and only the necessary parentheses."""
    text, is_sum = "x", False
    for word, operand in steps:
        if word == "times" and is_sum:
            text, is_sum = f"({text})", False
        text += f"{SYMBOLS[word]}{operand}"
        is_sum = is_sum or word != "times"
    return text if text.startswith("(") else f" {text}"
