"""Verdicts by reasoning-gym's scorers, in worker processes that fork for every answer.

Not in this process, because the scorers are not written for hostile answers: several pass the answer to `eval` or to
SymPy's `parse_expr`, which runs code, and a power tower in `countdown` never returns.  Therefore an answer that is more
than words, a literal or arithmetic never reaches a scorer that evaluates, and every scorer runs in the sandbox, with a
deadline, a memory limit and no way to write a file.  Where no tier of the sandbox works, opening the verifier fails,
unless the override `unsafe_no_sandbox` is set; the tier is in every record.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import io
import json
import os
import re
import resource
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rlvr_bench.harness.tasks.reasoning_gym import confined
from rlvr_bench.rewards.answer_region import tagged_answer
from rlvr_bench.rewards.sandbox import values
from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
from rlvr_bench.rewards.sandbox.tiers import DEFAULT_TIERS, Tier
from rlvr_bench.rewards.types import PASS, Verdict, Verifier, wrong
from rlvr_bench.rewards.workers import fork_server
from rlvr_bench.rewards.workers.pool import Pool, Reply, WorkerDied, encode_job, note_of

_MODULE = "rlvr_bench.harness.tasks.reasoning_gym.scores"
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
_LETTER = re.compile(r"[A-Za-z_]")
_NAN = re.compile(r"(?<![A-Za-z])nanj?(?![A-Za-z])", re.IGNORECASE)
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
        tiers: kinds of isolation, of which the first that passes its self-test is taken.
        unsafe: the explicit override: no isolation.
    Raises:
        SandboxUnavailable: no tier works here.
    """

    def __init__(
        self,
        dataset: str,
        options: Mapping[str, Any],
        *,
        tiers: Sequence[Tier] = DEFAULT_TIERS,
        unsafe: bool = False,
    ) -> None:
        chosen: Sequence[Tier] = ("unsafe",) if unsafe else tiers
        self._tier: Tier
        self._tier, self.pool = _opened(dataset, options, chosen)

    @property
    def tier(self) -> Tier:
        """The isolation of the workers."""
        return self._tier

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
    if reader == "parse" and _LETTER.search(answer) and not _LETTER.search(str(oracle)):
        return False  # `0e0*(1+2)+3e0` hides its numbers from scorers that count them
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


def _opened(dataset: str, options: Mapping[str, Any], tiers: Sequence[Tier]) -> tuple[Tier, Pool]:
    """The first tier that confines, and its workers."""
    failures: dict[str, str] = {}
    leaking: list[str] = []
    for tier in tiers:
        arguments = (dataset, dict(options), tier)
        pool = Pool(
            lambda tier=tier, arguments=arguments: confined.launch(tier, _MODULE, arguments, _ENVIRONMENT),
            len(os.sched_getaffinity(0)),
        )
        if tier == "unsafe":
            return tier, pool
        try:
            escapes = _escapes(pool)
        except (WorkerDied, OSError, ValueError) as error:
            failures[tier] = str(error)
        except BaseException:
            pool.close()
            raise
        else:
            if not escapes:
                return tier, pool
            failures[tier] = f"a scorer could {'; '.join(escapes)}"
            leaking.append(tier)
        pool.close()
    raise SandboxUnavailable(failures, leaking)


def _escapes(pool: Pool) -> list[str]:
    """What a child of a worker could do that it must not.

    Raises:
        WorkerDied, ValueError: the worker does not start, or its child gave no answer.
    """
    with confined.canary_file() as canary:
        reply = pool.run(encode_job({"canary": canary, "trusted": os.getpid()}), DEADLINE_S)
        if reply.end != "exit" or not reply.notes:
            raise ValueError(f"the probe gave no answer: {reply.end}, status {reply.status}")
        note = json.loads(reply.notes)
        planted = os.path.exists(os.path.join(os.path.dirname(canary), "planted"))
    return note["escapes"] + (["write outside"] if planted and "write a file" not in note["escapes"] else [])


def reader_of_generator(made: Any) -> Reader:
    """How the scorer of a generator reads an answer."""
    classes = [c for c in type(made).__mro__ if c.__module__.startswith("reasoning_gym.")]
    return reader_of("\n".join(inspect.getsource(sys.modules[c.__module__]) for c in classes))


def main(dataset: str, options: dict[str, Any], tier: Tier) -> None:
    """A worker: load the generator once, score one answer in each fork."""
    gym: Any = importlib.import_module("reasoning_gym")
    with contextlib.redirect_stdout(sys.stderr):  # standard output is for the frames
        made = gym.create_dataset(dataset, **options, seed=0, size=1)
    reader = reader_of_generator(made)
    confine_child = confined.confine_worker(tier)

    def child(job: dict[str, Any], notes: int, output: int) -> None:
        confine_child(MEMORY_BYTES, DEADLINE_S)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        try:
            if "canary" in job:
                note: dict[str, Any] = {"escapes": confined.attempts(job["canary"], job["trusted"])}
            else:
                note = scored(made, job["answer"], job["entry"], reader)
        except MemoryError:
            os._exit(fork_server.OUT_OF_MEMORY)
        except Exception as error:  # a scorer may raise anything
            note = {"error": f"{type(error).__name__}: {error}"[:200]}
        os.write(notes, json.dumps(note).encode())

    fork_server.serve(child)


def scored(made: Any, answer: str, entry: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """What a scorer says on an answer that may reach it; an entry as in an item's target."""
    if _NAN.search(answer) and not _NAN.search(str(entry["answer"])):
        return {"error": "NaN equals nothing"}  # a distance to it is NaN, and min(1.0, NaN) is 1.0
    if not harmless(answer, entry["answer"], reader):
        return {"error": "not a plain answer, and this scorer would run it"}
    with contextlib.redirect_stdout(io.StringIO()):
        score = made.score_answer(answer, {**entry, "metadata": values.decode(entry["metadata"])})
    return {"score": float(score)}
