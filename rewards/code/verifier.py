"""Verifier of programs: runs them in a sandbox, compares the results outside; `targets.py` defines the targets."""

from __future__ import annotations

import json
import secrets
import signal
from collections.abc import Sequence
from typing import Any

from rlvr_bench.rewards.code.fences import MAX_CODE_CHARS, last_block
from rlvr_bench.rewards.code.room import call_room, output_room
from rlvr_bench.rewards.code.targets import check_target
from rlvr_bench.rewards.sandbox import values
from rlvr_bench.rewards.sandbox.sandbox import MEMORY_BYTES, open_sandbox
from rlvr_bench.rewards.sandbox.tiers import DEFAULT_TIERS, Tier
from rlvr_bench.rewards.types import PASS, Verdict, Verifier, wrong
from rlvr_bench.rewards.workers.threads import MAX_THREADS
from rlvr_bench.rewards.workers.worker import Reply, WorkerDied

TIME_LIMIT_S = 5.0

_NOTE_BYTES = 4096  # of one without values
_REPORTED = ("compile_error", "memory", "runtime_error")


class CodeVerifier(Verifier):
    """The program in the last complete fenced block computes what the target wants.  Thread-safe.

    Args:
        tiers: kinds of isolation to try, in this order.
        unsafe: run without isolation; `tier` then says so and must be recorded.
        workers: processes; None for as many as the cores and the memory allow.
        time_limit_s: wall-clock seconds that a completion may take, all its cases together.
        memory_bytes: address space of a completion's process.
    Raises:
        SandboxUnavailable: no tier passes its self-test.
    """

    form = "a block between ```python and ```"

    def __init__(
        self,
        *,
        tiers: Sequence[Tier] = DEFAULT_TIERS,
        unsafe: bool = False,
        workers: int | None = None,
        time_limit_s: float = TIME_LIMIT_S,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.time_limit_s = time_limit_s
        self.sandbox = open_sandbox(tiers, unsafe=unsafe, workers=workers, memory_bytes=memory_bytes)

    @property
    def tier(self) -> Tier:
        """The kind of isolation in use."""
        return self.sandbox.tier

    @property
    def retries(self) -> int:
        """Jobs handed out again because their worker died, since the start."""
        return self.sandbox.pool.retries

    def verify(
        self, completions: Sequence[str], targets: Sequence[Any], limits_s: Sequence[float | None] | None = None
    ) -> list[Verdict]:
        """One verdict per completion.

        Equal triples of completion, target and limit are run once: a policy with low entropy often repeats itself.

        Args:
            limits_s: seconds per completion, where that is less than the verifier's own limit.
        Raises:
            ValueError: a malformed target.
        """
        limits = [None] * len(targets) if limits_s is None else limits_s
        texts = [repr(target) for target in targets]  # unlike ==, repr distinguishes 1, True and 1.0
        for target in dict(zip(texts, targets, strict=True)).values():
            check_target(target)
        keys = list(zip(completions, texts, limits, strict=True))
        jobs = dict(zip(keys, zip(completions, targets, limits, strict=True), strict=True))
        verdicts = dict(zip(jobs, self.sandbox.pool.map(lambda job: self.verdict_on(*job), jobs.values()), strict=True))
        return [verdicts[key] for key in keys]

    def verdict_on(self, completion: str, target: Any, time_limit_s: float | None = None) -> Verdict:
        """The verdict on one completion; its target must be one that `check_target` accepts."""
        code = last_block(completion)
        if code is None or not code.strip():
            return wrong(outcome="no_code")
        if len(code) > MAX_CODE_CHARS:
            return wrong("too long", outcome="no_code")
        seconds = self.time_limit_s if time_limit_s is None else min(time_limit_s, self.time_limit_s)
        try:
            return _RUNS[target["type"]](self, code, target, seconds)
        except WorkerDied as error:
            return Verdict(None, "infra", str(error))

    @staticmethod
    def answer(completion: str) -> str | None:
        """The program: equal texts are one answer."""
        return (last_block(completion) or "").strip() or None

    @classmethod
    def check_targets(cls, targets: Sequence[Any], **options: Any) -> dict[int, str]:
        """Opens no sandbox."""
        problems = {}
        for position, target in enumerate(targets):
            try:
                check_target(target)
            except (ValueError, RecursionError) as error:
                problems[position] = str(error)
        return problems

    def close(self) -> None:
        """End the workers.  Idempotent."""
        self.sandbox.close()

    def _call(self, code: str, target: dict[str, Any], seconds: float) -> Verdict:
        # Only the arguments go into the sandbox, never the wanted values.
        cases = [
            {"args": values.encode(list(case["args"])), "kwargs": values.encode(dict(case.get("kwargs", {})))}
            for case in target["cases"]
        ]
        reply = self.sandbox.run({"mode": "call", "code": code, "entry": target["entry"], "cases": cases}, seconds)
        note = _note(reply, call_room(target))
        if isinstance(note, Verdict):
            return note
        got = note.get("values")
        if not isinstance(got, list) or len(got) != len(cases):
            return wrong("not as many values as cases", outcome="protocol")
        for number, (form, case) in enumerate(zip(got, target["cases"], strict=True), 1):
            try:
                exact = case.get("equality", target.get("equality", "exact")) == "exact"
                want = values.canonical(values.encode(case["want"]), exact=exact)
                equal = values.canonical(form, exact=exact) == want
                kind = values.type_name(form)
            except (ValueError, RecursionError):
                return wrong(f"case {number}: malformed value", outcome="protocol")
            if not equal:
                return wrong(f"case {number} of {len(cases)}: wrong value, of type {kind}")
        return PASS

    def _stdio(self, code: str, target: dict[str, Any], seconds: float) -> Verdict:
        left = seconds
        for number, case in enumerate(target["cases"], 1):
            if left <= 0:
                return wrong(f"no time left for case {number} of {len(target['cases'])}", outcome="timeout")
            reply = self.sandbox.run({"mode": "stdio", "code": code, "stdin": case["stdin"]}, left)
            left -= reply.seconds
            failure = _failure(reply)
            if failure is None and reply.notes:
                note = _note(reply, _NOTE_BYTES)
                failure = note if isinstance(note, Verdict) else None
            if failure is None and reply.status != 0:
                failure = wrong(f"exit status {reply.status}", outcome="runtime_error")
            if failure is not None:
                return failure
            if len(reply.output) > output_room(case["stdout"]):
                return wrong(f"case {number} of {len(target['cases'])}: output longer than any right one")
            if _lines(reply.output.decode("utf-8", "replace")) != _lines(case["stdout"]):
                return wrong(f"case {number} of {len(target['cases'])}: wrong output")
        return PASS

    def _script(self, code: str, target: dict[str, Any], seconds: float) -> Verdict:
        nonce = secrets.token_hex(16)  # code that exits early, with any status, cannot report it
        job = {"mode": "script", "code": code, "script": target["script"], "nonce": nonce}
        note = _note(self.sandbox.run(job, seconds), _NOTE_BYTES)
        if isinstance(note, Verdict):
            return note
        return PASS if note.get("done") == nonce else wrong("the checks did not finish", outcome="protocol")


_RUNS = {"call": CodeVerifier._call, "stdio": CodeVerifier._stdio, "script": CodeVerifier._script}


def _failure(reply: Reply) -> Verdict | None:
    """The verdict on a process that did not end by itself; None if it did."""
    if reply.end == "threads":
        return wrong(f"more than {MAX_THREADS} threads", outcome="crash")
    if reply.end != "exit":
        return wrong(outcome="timeout" if reply.end == "timeout" else "output_limit")
    if reply.status == -signal.SIGXCPU:
        return wrong("CPU time", outcome="timeout")
    if reply.status < 0:
        return wrong(f"killed by signal {-reply.status}", outcome="crash")
    return None


def _note(reply: Reply, room: int) -> dict[str, Any] | Verdict:
    """What the child reported, or the verdict where that is no answer.

    Args:
        room: bytes of the longest right one.  Reading a forged one of megabytes would take seconds here.
    """
    failure = _failure(reply)
    if failure is not None:
        return failure
    if not reply.notes:
        return wrong(f"ended without an answer, exit status {reply.status}", outcome="crash")
    if len(reply.notes) > room:
        return wrong("an answer longer than any right one")
    try:
        note = json.loads(reply.notes)
    except (ValueError, RecursionError):
        return wrong("the answer is not JSON", outcome="protocol")
    if not isinstance(note, dict):
        return wrong("the answer is no object", outcome="protocol")
    if "error" not in note:
        return note
    outcome = note["error"] if note["error"] in _REPORTED else "protocol"
    return wrong(str(note.get("detail", ""))[:300], outcome=outcome)


def _lines(text: str) -> list[str]:
    """The lines that are compared."""
    return [line.rstrip() for line in text.split("\n") if line.strip()]
