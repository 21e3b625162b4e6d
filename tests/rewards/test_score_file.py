"""Scoring rows: order, bad rows, memory, and what a row says about its isolation."""

from __future__ import annotations

import itertools
import json
import tracemalloc
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.format import Format
from rlvr_bench.rewards.math.verifier import MathVerifier
from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
from rlvr_bench.rewards.score_file import DEFAULT_VERIFIERS, Unreadable, score_lines
from rlvr_bench.rewards.types import Verdict
from tests import data

ADD = {"type": "call", "entry": "add", "cases": [{"args": [1, 2], "want": 3}]}
CODE = "```\ndef add(a, b): return a + b\n```"


def line(kind: str = "math", completion: Any = "\\boxed{1}", target: Any = "1", **more: Any) -> str:
    return json.dumps({"kind": kind, "completion": completion, "target": target, **more}) + "\n"


def test_rows_come_back_in_order_with_verdicts() -> None:
    lines = [
        line(id="a"),
        "\n",
        line("format", "<think>x</think><answer>y</answer>", None),
        line(completion="\\boxed{2}"),
    ]
    scored = list(score_lines(lines, batch_rows=2))
    assert [item.number for item in scored] == [1, 3, 4]
    assert [(item.row or {})["reward"] for item in scored] == [1.0, 1.0, 0.0]
    assert {"kind": "math", "completion": "\\boxed{1}", "target": "1", "id": "a"}.items() <= (
        scored[0].row or {}
    ).items()
    assert {"reward", "outcome", "detail"} <= set(scored[0].row or {})


def test_a_bad_row_is_reported_and_stops_nothing() -> None:
    bad = [
        "{", "[1]", line("poem"), line(completion=5), '{"kind": "math", "completion": "x"}', line(target=None),
        line(target=""), line("code", CODE, {"type": "call"}), line(limit_s=0), line(limit_s="3"), "[" * 10**5,
    ]  # fmt: skip
    lines = list(itertools.chain.from_iterable((row, line()) for row in bad))
    scored = list(score_lines(lines))
    assert [None, 1.0] * len(bad) == [None if item.row is None else item.row["reward"] for item in scored]
    assert all((item.row is None) == bool(item.error) for item in scored)
    assert [item.number for item in scored if item.error][:3] == [1, 3, 5]


BAD = data.rows(data.SAMPLES / "bad_rows.jsonl")


def test_every_bad_row_is_named_where_it_is_and_stops_nothing() -> None:
    lines = list(itertools.chain.from_iterable((bad["line"], line()) for bad in BAD))
    scored = list(score_lines(lines, {**DEFAULT_VERIFIERS, "code": no_sandbox}))
    assert [item.number for item in scored] == list(range(1, len(lines) + 1))
    assert {(item.row or {}).get("reward") for item in scored[1::2]} == {1.0}
    assert {
        (bad["id"], bad["why"], item.error)
        for bad, item in zip(BAD, scored[::2], strict=True)
        if item.row is not None or not item.error or bad["named"] not in item.error or len(item.error) > 400
    } == set()
    assert len(BAD) == len({bad["line"] for bad in BAD}) >= 90


def no_sandbox() -> CodeVerifier:
    raise AssertionError("a bad target was not refused when it was read")


def test_a_line_that_could_not_be_taken_in_is_a_bad_row() -> None:
    first, second = score_lines([Unreadable("too long"), line()])
    assert (first.number, first.row, first.error, (second.row or {})["reward"]) == (1, None, "too long", 1.0)


@pytest.mark.parametrize("kind", ["math", "format", "code"])
def test_a_row_brings_no_verdict_of_its_own(kind: str) -> None:
    """What says how a row was run, or what it earned, is written here only."""
    brought = {"sandbox": "unsafe", "integrity": "weak", "reward": 1.0, "outcome": "pass", "detail": "mine"}
    given = {"math": ("\\boxed{2}", "1"), "format": ("x", None), "code": (CODE.replace("+", "-"), ADD)}[kind]

    class Tier(CodeVerifier):
        tier = "bwrap"  # type: ignore[assignment]

        def __init__(self) -> None:
            pass

        def verify(self, completions: Sequence[str], targets: Sequence[Any], limits_s: Any = None) -> list[Verdict]:
            return [Verdict(0.0, "wrong", "")]

        def close(self) -> None:
            pass

    (scored,) = score_lines([line(kind, *given, **brought, id=7)], {**DEFAULT_VERIFIERS, "code": Tier})
    row = scored.row or {}
    assert (row["id"], row["reward"]) == (7, 0.0) and row["outcome"] != "pass" and row["detail"] != "mine"
    assert not {"sandbox", "integrity"} & set(row)


def test_verifiers_are_made_when_needed_and_always_closed() -> None:
    made: list[str] = []

    class Counted(Format):
        def __init__(self, name: str) -> None:
            made.append(name)
            self.name = name

        def close(self) -> None:
            made.append(f"{self.name} closed")

    def unavailable() -> Format:
        raise SandboxUnavailable({"bwrap": "not here"})

    verifiers = {"math": lambda: Counted("math"), "code": unavailable, "format": lambda: Counted("format")}
    assert len(list(score_lines([line("format"), line("format")], verifiers, batch_rows=1))) == 2
    assert made == ["format", "format closed"]
    early = score_lines([line(), line("code", CODE, ADD)], verifiers, batch_rows=1)
    next(early)
    with pytest.raises(SandboxUnavailable):
        next(early)
    assert made[2:] == ["math", "math closed"]


def test_memory_does_not_grow_with_the_file() -> None:
    def rows(count: int) -> Iterator[str]:
        return (line(completion=f"{'x' * 1000} \\boxed{{{i}}}") for i in range(count))

    def peak(count: int) -> int:
        tracemalloc.start()
        assert count == sum(1 for _ in score_lines(rows(count), {"math": MathVerifier}))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(256)
    assert peak(3000) < 1.5 * peak(500)


def test_rows_say_how_they_were_run() -> None:
    script = {"type": "script", "script": "assert add(1, 2) == 3"}
    lines = [line("code", CODE, ADD, limit_s=9), line("code", CODE, script), line()]
    unsafe = {**DEFAULT_VERIFIERS, "code": lambda: CodeVerifier(unsafe=True, workers=1)}
    rows = [item.row or {} for item in score_lines(lines, unsafe)]
    assert [row["reward"] for row in rows] == [1.0, 1.0, 1.0]
    assert [row.get("sandbox") for row in rows] == ["unsafe", "unsafe", None]
    assert [row.get("integrity") for row in rows] == [None, "weak", None]


def test_no_verdict_is_null() -> None:
    class Broken(Format):
        def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
            return [Verdict(None, "infra", "gone")] * len(completions)

    (scored,) = score_lines([line("format")], {"format": Broken})
    assert '"reward": null, "outcome": "infra"' in json.dumps(scored.row)
