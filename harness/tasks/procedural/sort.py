"""Sort a few digits: the smallest task with answers long enough to be partly right."""

from __future__ import annotations

import random
from dataclasses import astuple, dataclass

from rlvr_bench.harness.tasks.procedural.draw import Tagged, check_shares, draw, errs, item_rng
from rlvr_bench.harness.tasks.seeds import item_seed
from rlvr_bench.harness.tasks.settings import range_problems, refuse_settings
from rlvr_bench.harness.tasks.types import Item, Split
from rlvr_bench.rewards.format import format_error


@dataclass(frozen=True)
class SortConfig:
    min_digits: int = 5
    """Fewest digits in a list; digits, 2 to max_digits."""
    max_digits: int = 8
    """Most digits in a list; digits, min_digits to 64."""
    seed: int = 0
    """Which endless stream of items; any integer.  The split of a prompt does not depend on it."""

    def __post_init__(self) -> None:
        refuse_settings(range_problems(self, "digits", 2, 64))


class Sort(Tagged):
    """`sort 3 9 1 4:` -> `<think>3914</think><answer>1349</answer>`."""

    Config = SortConfig

    config: SortConfig

    def item(self, split: Split, index: int) -> Item:
        """Digits with repetition; every length equally likely."""
        rng = item_rng("sort", *astuple(self.config), split=split, index=index)

        def make() -> tuple[str, list[str]]:
            digits = rng.choices("0123456789", k=rng.randint(self.config.min_digits, self.config.max_digits))
            return f"sort {' '.join(digits)}:", digits

        prompt, digits = draw(split, make, task="sort", remedy="widen min_digits and max_digits")
        return Item(f"sort/{split}/{index}", prompt, "".join(sorted(digits)), {"digits": len(digits)})

    def demonstration(self, item: Item, *, noise: float, habit: float = 0.0, seed: int) -> str:
        """The digits in their given order, then sorted; with probability `noise` with one random slip in the answer.

        A kind of step is a digit and the greater one that follows it; out of habit they change places.
        """
        check_shares(noise, habit)
        rng = random.Random(item_seed("sort demonstration", item.id, seed))
        answer = _by_habit(item.target, habit, rng)
        answer = _slip(item.target, rng) if rng.random() < noise else answer
        digits = item.prompt.removeprefix("sort ").removesuffix(":").replace(" ", "")
        return f"<think>{digits}</think><answer>{answer}</answer>"

    def fault(self, item: Item, completion: str) -> str:
        """What is wrong with it: its shape, the order of its digits, or which digits they are."""
        answer = self.answer(completion)
        if answer is None:
            return "no answer"
        if format_error(completion):
            return "wrong format"
        return _wrong_digits(answer, item.target)


def _wrong_digits(answer: str, target: str) -> str:
    """Of which kind an answer in the right format is that is not the target."""
    if not (answer.isascii() and answer.isdigit()):
        return "not digits alone"
    if sorted(answer) == list(target):
        return "right digits, wrong order"
    order = "sorted" if list(answer) == sorted(answer) else "not sorted"
    if len(answer) == len(target):
        return f"{order}, other digits"
    return f"{order}, too {'many' if len(answer) > len(target) else 'few'} digits"


def _by_habit(answer: str, habit: float, rng: random.Random) -> str:
    """Each pair of neighbors with a bad habit changed places."""
    digits, i = list(answer), 0
    while i + 1 < len(digits):
        if digits[i] != digits[i + 1] and errs(f"sort {digits[i]}{digits[i + 1]}", habit, rng):
            digits[i : i + 2] = digits[i + 1], digits[i]
            i += 1  # not the one that was moved up as well
        i += 1
    return "".join(digits)


def _slip(answer: str, rng: random.Random) -> str:
    """Two different adjacent digits swapped, or one digit replaced: never the same string."""
    unequal = [i for i in range(len(answer) - 1) if answer[i] != answer[i + 1]]
    if unequal and rng.random() < 0.5:
        i = rng.choice(unequal)
        return answer[:i] + answer[i + 1] + answer[i] + answer[i + 2 :]
    i = rng.randrange(len(answer))
    return answer[:i] + rng.choice([d for d in "0123456789" if d != answer[i]]) + answer[i + 1 :]
