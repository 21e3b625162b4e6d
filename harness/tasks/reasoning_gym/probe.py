"""Whether a generator's scorer pays for what is not the answer: found out by trying, when the task is opened.

Reinforcement finds any answer that pays, so a scorer that pays for a constant, or for a text made from the question by
rule, is no verifier.  A constant that is sometimes right is honest (`True` in a yes-or-no question, `0` as a root):
what counts is the pay on items whose right answer is another one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from rlvr_bench.rewards.numbers import parse_number

ITEMS = 10
"""Items that are drawn for the probe."""
SCREENING = 4
"""Only what pays on one of the first few is tried on the rest: some scorers take a tenth of a second."""
MAX_UNEARNED = 0.1
"""Share of the items on which an answer may pay without being the right one: some questions have several answers."""
MAX_CONSTANT = 0.8
"""Share of the items on which one answer may pay at all: above, the items ask for nothing else."""

CONSTANTS = (
    "no such answer 0123456789", "0", "1", "2", "-1", "10", "0.5", "0e0", "1e999", "nan", "nanj", "inf", "True",
    "False",
    "yes", "no", "None", "A", "a", "x", "[]", "{}", "()", "''", ".", ",", "?", "0 0", "[[0]]", "6+6+6+6", "impossible",
)  # fmt: skip

ROUNDING = Fraction(1, 10**6)
"""How far from the right number, as a share of it, an answer still is that number: scorers compare floating point."""

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Payer:
    """An answer, or a rule that makes one, and on how many items it paid."""

    answer: str
    items: int
    paid: int
    unearned: int
    """of those, on which it was not the right answer"""

    @property
    def problem(self) -> str | None:
        """What is wrong with a scorer that pays this, or None."""
        if self.unearned > MAX_UNEARNED * self.items:
            return f"pays for {self.answer} on {self.unearned} of {self.items} items whose right answer is another one"
        if self.paid > MAX_CONSTANT * self.items:
            return f"pays for {self.answer} on {self.paid} of {self.items} items, so there is nothing to learn"
        return None


def worst_payer(entries: Sequence[Entry], pays: Callable[[str, Entry], bool]) -> Payer | None:
    """The answer with the most unearned pay, then with the most pay; None if nothing that was tried pays.

    Args:
        pays: whether an answer to an item earns the full score.
    """
    payers = [payer for rule in _rules() if (payer := _payer(*rule, entries, pays)).paid]
    return max(payers, key=lambda payer: (payer.unearned, payer.paid), default=None)


def _payer(
    name: str, make: Callable[[str], str], entries: Sequence[Entry], pays: Callable[[str, Entry], bool]
) -> Payer:
    paid = unearned = 0
    for number, entry in enumerate(entries):
        if number == SCREENING and not paid:
            break
        answer = make(entry["question"])
        if answer and pays(answer, entry):
            paid += 1
            unearned += not _is_right(answer, str(entry["answer"]))
    return Payer(name, len(entries), paid, unearned)


def _rules() -> list[tuple[str, Callable[[str], str]]]:
    """Names of answers and how they are made from the question."""
    constants = [(repr(text), lambda question, text=text: text) for text in CONSTANTS]
    made: list[tuple[str, Callable[[str], str]]] = [
        ("the question itself", lambda question: question),
        ("the last line of the question", lambda question: question.strip().splitlines()[-1]),
        ("the last word of the question", lambda question: question.split()[-1]),
        ("all numbers of the question", lambda question: " ".join(_numbers(question))),
        ("`0e0*(a+b+c)+Ne0`, N the last number", lambda question: _hidden_sum(question, -1)),
        ("`0e0*(a+b+c)+Ne0`, N the first number", lambda question: _hidden_sum(question, 0)),
        ("all digits and letters", lambda question: "0123456789 abcdefghijklmnopqrstuvwxyz"),
    ]
    return [*constants, *made]


def _numbers(text: str) -> list[str]:
    return re.findall(r"\d+", text)


def _hidden_sum(question: str, position: int) -> str:
    """An expression that uses the numbers of a line and takes its value from one of them, written as no integer."""
    line = max(question.splitlines(), key=lambda line: len(_numbers(line)))
    numbers = _numbers(line)
    if len(numbers) < 2:
        return ""
    value = numbers.pop(position)
    return f"0e0*({'+'.join(numbers)})+{value}e0"


def _is_right(answer: str, right: str) -> bool:
    """Whether an answer is the right one, apart from case, outer punctuation and the spelling of a number."""
    if _plain(answer) == _plain(right):
        return True
    number, wanted = parse_number(answer), parse_number(right)
    return number is not None and wanted is not None and abs(number - wanted) <= ROUNDING * abs(wanted)


def _plain(text: str) -> str:
    return text.strip().strip("'\"[](){}.,").casefold()
