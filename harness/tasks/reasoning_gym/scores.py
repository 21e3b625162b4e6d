"""Verdicts by reasoning-gym's scorers, in worker processes that fork for every answer.

Not in this process, because the scorers are not written for hostile answers: several pass the answer to `eval` or to
SymPy's `parse_expr`, which runs code, and a power tower in `countdown` never returns.  Therefore an answer that is more
than words, a literal or arithmetic never reaches a scorer that evaluates, and every scorer has a deadline, a memory
limit and no way to write a file.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import json
import os
import re
import resource
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rlvr_bench.rewards.answer_region import tagged_answer
from rlvr_bench.rewards.sandbox import values
from rlvr_bench.rewards.types import PASS, Verdict, Verifier, wrong
from rlvr_bench.rewards.workers import fork_server
from rlvr_bench.rewards.workers.pool import Launch, Pool, Reply, WorkerDied, encode_job, note_of
from rlvr_bench.rewards.workers.python import python_worker

DEADLINE_S = 5.0
MEMORY_BYTES = 1 << 30
MAX_ANSWER_CHARS = 10_000

Reader = Literal["text", "eval", "parse"]

# One thread: idle ones would use up a child's address space.
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_EVAL = re.compile(r"\b(eval|exec)\(")
_PARSE = re.compile(r"(?<!def )\b(parse_expr|sympify)\(")
# Without calls, attributes, quotes and subscripts an expression can do no harm.
_WORDS = re.compile(r"[\w\s+\-*/%.,:]*", re.ASCII)
_ARITHMETIC = re.compile(r"[\w\s+\-*/^%.,()]*", re.ASCII)
_ATTRIBUTE = re.compile(r"\.\s*[A-Za-z_]")
# SymPy's namespace contains Python's builtin functions: `exec(chr(105)...)` has no quotes either.
_FUNCTIONS = re.compile(
    r"a?(sin|cos|tan|cot|sec|csc)h?|exp|log|ln|sqrt|cbrt|pi|[Aa]bs|sign|erf|[A-Za-z_]"
)  # and single letters, which are variables


class ReasoningGymScore(Verifier):
    """The generator's scorer gives the tagged answer the full score, 1.0; partial credit is wrong.

    Args:
        dataset: the generator's name.
        options: its settings.
    """

    def __init__(self, dataset: str, options: Mapping[str, Any]) -> None:
        self.pool = Pool(lambda: _launch(dataset, options), len(os.sched_getaffinity(0)))

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        """One verdict per completion; an answer on which the scorer raises is wrong, with the error as the detail."""
        return self.pool.map(self._verdict_on, zip(completions, targets, strict=True))

    @property
    def retries(self) -> int:
        """Answers scored again because their worker died."""
        return self.pool.retries

    def close(self) -> None:
        """End the workers.  Idempotent."""
        self.pool.close()

    def _verdict_on(self, pair: tuple[str, Any]) -> Verdict:
        completion, target = pair
        answer = tagged_answer(completion)
        if answer is None:
            return wrong(outcome="no_answer")
        if len(answer) > MAX_ANSWER_CHARS:
            return wrong("too long")
        try:
            return _verdict(self.pool.run(encode_job({"answer": answer, "entry": target}), DEADLINE_S))
        except WorkerDied as error:
            return Verdict(None, "infra", str(error))


def reader_of(source: str) -> Reader:
    """How the scorers of a module read an answer, according to its source."""
    if _PARSE.search(source) and "def parse_expr" not in source:
        return "parse"
    return "eval" if _EVAL.search(source) else "text"


def harmless(answer: str, oracle: Any, reader: Reader) -> bool:
    """Whether an answer may reach a scorer that reads it in this way."""
    if reader == "text" or answer == oracle:
        return True
    if _ATTRIBUTE.search(answer):
        return reader == "eval" and _is_literal(answer)
    if reader == "eval":
        return _WORDS.fullmatch(answer) is not None or _is_literal(answer)
    names = re.findall(r"[A-Za-z_]+", answer)
    return _ARITHMETIC.fullmatch(answer) is not None and all(map(_FUNCTIONS.fullmatch, names))


def _is_literal(answer: str) -> bool:
    for read in (ast.literal_eval, json.loads):
        try:
            read(answer)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
        return True
    return False


def _verdict(reply: Reply) -> Verdict:
    note = note_of(reply, "the scorer")
    if isinstance(note, Verdict):
        return note
    if "error" in note:
        return wrong(note["error"])
    return PASS if note["score"] == 1.0 else wrong(f"score {note['score']}")


def _launch(dataset: str, options: Mapping[str, Any]) -> Launch:
    return python_worker("rlvr_bench.harness.tasks.reasoning_gym.scores", (dataset, dict(options)), _ENVIRONMENT)


def main(dataset: str, options: dict[str, Any]) -> None:
    """A worker: load the generator once, score one answer in each fork."""
    gym: Any = importlib.import_module("reasoning_gym")
    with contextlib.redirect_stdout(sys.stderr):  # standard output is for the frames
        made = gym.create_dataset(dataset, **options, seed=0, size=1)
    classes = [c for c in type(made).__mro__ if c.__module__.startswith("reasoning_gym.")]
    reader = reader_of("\n".join(inspect.getsource(sys.modules[c.__module__]) for c in classes))

    def child(job: dict[str, Any], notes: int, output: int) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            note = _scored(made, job["answer"], job["entry"], reader)
        except MemoryError:
            os._exit(fork_server.OUT_OF_MEMORY)
        except Exception as error:  # a scorer may raise anything
            note = {"error": f"{type(error).__name__}: {error}"[:200]}
        os.write(notes, json.dumps(note).encode())

    fork_server.serve(child)


def _scored(made: Any, answer: str, entry: dict[str, Any], reader: Reader) -> dict[str, Any]:
    if not harmless(answer, entry["answer"], reader):
        return {"error": "not a plain answer, and this scorer would run it"}
    return {"score": float(made.score_answer(answer, {**entry, "metadata": values.decode(entry["metadata"])}))}
