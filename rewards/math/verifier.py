"""Verifier of mathematical answers: exact equality, however they are written.

Plain numbers and shapes made of them are compared in this process.  Expressions go to worker processes with a
deadline and a memory limit.  A batch has a deadline of its own; every expression gets a short turn first, so that
slow ones cannot make the others miss it.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from rlvr_bench.rewards.math import structure
from rlvr_bench.rewards.math.answer import math_answer
from rlvr_bench.rewards.math.equality import Question, equal
from rlvr_bench.rewards.math.structure import Node
from rlvr_bench.rewards.math.text import cleaned, squeezed
from rlvr_bench.rewards.numbers import parse_number, written_out
from rlvr_bench.rewards.types import PASS, Verdict, Verifier, wrong
from rlvr_bench.rewards.workers.pool import Launch, Pool, Reply, WorkerDied, encode_job, note_of
from rlvr_bench.rewards.workers.python import python_worker

FIRST_TURN_S = 1.0
ITEM_DEADLINE_S = 5.0
BATCH_DEADLINE_S = 30.0
_REMEMBERED = 1 << 14
_UNREADABLE = "cannot be read: "
UNDECIDED = "undecided: equal as far as computed, and not proven to be equal"


class _NeedsAlgebra(Exception):
    """Two expressions must be compared, which a worker does."""


class MathVerifier(Verifier):
    """The answer equals the target mathematically.  Thread-safe; workers start with the first expression.

    Args:
        workers: processes; None for one per core.
        item_deadline_s: wall-clock seconds for one comparison.
        batch_deadline_s: wall-clock seconds for all comparisons of one `verify`.
    """

    form = r"\boxed{ANSWER}, or <answer>ANSWER</answer>"

    def __init__(
        self,
        *,
        workers: int | None = None,
        item_deadline_s: float = ITEM_DEADLINE_S,
        batch_deadline_s: float = BATCH_DEADLINE_S,
    ) -> None:
        self._item_deadline_s = item_deadline_s
        self._batch_deadline_s = batch_deadline_s
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str | None], Verdict] = OrderedDict()
        self.pool = Pool(_launch, workers or len(os.sched_getaffinity(0)))

    @property
    def retries(self) -> int:
        """Comparisons repeated because their worker died."""
        return self.pool.retries

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        """One verdict per completion.

        Raises:
            ValueError: a target that is no answer.
        """
        verdicts: list[Verdict | tuple[str, str | None]] = [
            _quick_verdict(completion, target) for completion, target in zip(completions, targets, strict=True)
        ]
        compared = self._compare({pair for pair in verdicts if isinstance(pair, tuple)})
        return [compared[verdict] if isinstance(verdict, tuple) else verdict for verdict in verdicts]

    @classmethod
    def check_targets(cls, targets: Sequence[Any], **options: Any) -> dict[int, str]:
        """Expressions are read in workers, all together."""
        problems: dict[int, str] = {}
        expressions: dict[int, str] = {}
        for position, target in enumerate(targets):
            try:
                text, node = _gold(target)
            except ValueError as error:
                problems[position] = str(error)
            else:
                if _has_expression(node):
                    expressions[position] = text
        with cls(**options) as verifier:
            verdicts = verifier._compare({(text, None) for text in expressions.values()}, float("inf"))
        for position, text in expressions.items():
            verdict = verdicts[text, None]
            if verdict.outcome != "pass":
                reason = verdict.detail.removeprefix(_UNREADABLE) or verdict.outcome
                problems[position] = f"gold answer {text!r} {_UNREADABLE}{reason}"
        return problems

    @staticmethod
    def answer(completion: str) -> str | None:
        """Equal numbers, and equal texts, are one answer."""
        text = math_answer(completion)
        clean = None if text is None else cleaned(text)
        if clean is None:
            return text
        number = parse_number(clean)
        return squeezed(clean) if number is None else str(number)

    def close(self) -> None:
        """End the workers.  Idempotent."""
        self.pool.close()

    def _compare(
        self, pairs: set[tuple[str, str | None]], batch_deadline_s: float | None = None
    ) -> dict[tuple[str, str | None], Verdict]:
        """Verdicts on pairs of gold and answer (None: only read the gold), each compared once."""
        deadline = time.monotonic() + (self._batch_deadline_s if batch_deadline_s is None else batch_deadline_s)
        with self._lock:
            verdicts = {pair: self._known[pair] for pair in pairs if pair in self._known}
        left = sorted(pairs - verdicts.keys(), key=str)
        for turn in (min(FIRST_TURN_S, self._item_deadline_s), self._item_deadline_s):
            results = self.pool.map(lambda pair, turn=turn: self._ask(pair, turn, deadline), left)
            verdicts.update({pair: verdict for pair, verdict in zip(left, results, strict=True) if verdict is not None})
            left = [pair for pair in left if verdicts[pair].outcome == "timeout"]
        with self._lock:
            for pair, verdict in verdicts.items():
                # What took too long or lost its worker can end differently another time.
                if verdict.outcome not in ("timeout", "infra") or verdict.detail == UNDECIDED:
                    self._known[pair] = verdict
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return verdicts

    def _ask(self, pair: tuple[str, str | None], seconds: float, deadline: float) -> Verdict | None:
        """The verdict on one pair; None where no time is left for a second turn, so that the first timeout is kept."""
        left = deadline - time.monotonic()
        if left <= 0:
            return Verdict(None, "infra", "the batch ran out of time") if seconds <= FIRST_TURN_S else None
        try:
            reply = self.pool.run(encode_job({"gold": pair[0], "answer": pair[1]}), min(seconds, left))
        except WorkerDied as error:
            return Verdict(None, "infra", str(error))
        return _verdict(reply)


def _launch() -> Launch:
    return python_worker("rlvr_bench.rewards.math.worker")


def _verdict(reply: Reply) -> Verdict:
    note = note_of(reply, "the comparison")
    if isinstance(note, Verdict):
        return note
    if "error" in note:
        return wrong(f"{_UNREADABLE}{note['error']}")
    if note["equal"] is None:  # neither right nor wrong is proven, so there is nothing to learn from it
        return Verdict(None, "infra", UNDECIDED)
    return PASS if note["equal"] else wrong()


def _gold(target: Any) -> tuple[str, Node]:
    """The gold answer's clean text and its shape.

    Raises:
        ValueError: it has none.
    """
    if not isinstance(target, (str, int, float)) or isinstance(target, bool):
        raise ValueError(f"a gold answer is a text, got {target!r:.80}")
    text = cleaned(target if isinstance(target, str) else written_out(target))
    if not text:
        raise ValueError(f"no gold answer in {target!r:.80}")
    node = structure.parse(text)
    if node.kind == "nan":
        raise ValueError("the gold answer is NaN, which equals nothing")
    return text, node


def _quick_verdict(completion: str, target: Any) -> Verdict | tuple[str, str | None]:
    """The verdict, or the pair that a worker must compare."""
    answer = math_answer(completion)
    if isinstance(target, str) and answer is not None:  # most answers are plain numbers
        number, gold_number = parse_number(answer), parse_number(target)
        if number is not None and gold_number is not None:
            return PASS if number == gold_number else wrong(f"answered {answer[:80]!r}")
    text, gold = _gold(target)
    if answer is None:
        return wrong(outcome="no_answer")
    clean = cleaned(answer)
    if not clean:
        return wrong(f"not an answer: {answer[:80]!r}")
    try:
        same = equal(gold, structure.parse(clean), _if_spelled_alike)
    except _NeedsAlgebra:
        return text, clean
    return PASS if same else wrong(f"answered {answer[:80]!r}")


def _if_spelled_alike(gold: str, answer: str, question: Question) -> bool:
    if squeezed(gold) == squeezed(answer):
        return True
    raise _NeedsAlgebra


def _has_expression(node: Node) -> bool:
    return node.kind in ("expression", "matrices") or any(_has_expression(part) for part in node.parts)
