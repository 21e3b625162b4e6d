"""An answer of megabytes, written to cost its reader seconds, costs it milliseconds and earns nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest

from rlvr_bench.rewards.code.verifier import CodeVerifier
from tests.rewards.bombs import block
from tests.rewards.forgeries import BYTE_BY_BYTE, FORGERIES, OUTPUTS

CALL = {"type": "call", "entry": "f", "cases": [{"args": [], "want": 3}]}
STDIO = {"type": "stdio", "cases": [{"stdin": "", "stdout": "3"}]}
SECONDS = 0.15  # of processor time in this process; the dearest of these took a second, and takes 0.02


def cost(verifier: CodeVerifier, code: str, target: dict[str, Any], outcome: str = "wrong") -> float:
    verifier.verify([block("print(3)\ndef f(): return 3")], [target])  # so that no worker has to be started
    begin = time.process_time()
    (verdict,) = verifier.verify([block(code)], [target])
    took = time.process_time() - begin
    assert (verdict.reward, verdict.outcome) == (0.0, outcome), verdict
    return took


@pytest.mark.parametrize("equality", ["exact", "python"])
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_answer_is_not_read(code_verifier: CodeVerifier, name: str, equality: str) -> None:
    assert cost(code_verifier, FORGERIES[name], {**CALL, "equality": equality}) < SECONDS


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_longer_than_any_right_one_is_not_compared(code_verifier: CodeVerifier, name: str) -> None:
    assert cost(code_verifier, OUTPUTS[name], STDIO) < SECONDS


def test_writing_byte_by_byte_costs_the_reader_no_more(code_verifier: CodeVerifier) -> None:
    assert cost(code_verifier, BYTE_BY_BYTE, CALL, "wrong") < SECONDS


def test_a_right_long_answer_passes(code_verifier: CodeVerifier) -> None:
    target = {"type": "call", "entry": "f", "cases": [{"args": [], "want": list(range(100_000))}]}
    lines = {"type": "stdio", "cases": [{"stdin": "", "stdout": "\n".join(map(str, range(100_000)))}]}
    codes = ["def f(): return list(range(100_000))", "for i in range(100_000): print(i, ' ')"]
    verdicts = code_verifier.verify([block(code) for code in codes], [target, lines])
    assert [verdict.outcome for verdict in verdicts] == ["pass", "pass"]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("raise ValueError('x' * 10**6)", "runtime_error"),
        ("raise ValueError('\U0001f600' * 10**6)", "runtime_error"),
        (f"def {'a' * 100_000}(): pass\nlambda: (yield) = 1", "compile_error"),
        (f"{'b' * 100_000} = 1\nglobal {'b' * 100_000}\ndef f({'c' * 10}, {'c' * 10}): pass", "compile_error"),
    ],
)
@pytest.mark.parametrize("target", [CALL, STDIO])
def test_an_error_is_told_however_long_its_text(
    code_verifier: CodeVerifier, target: dict[str, Any], code: str, outcome: str
) -> None:
    assert code_verifier.verify([block(code)], [target])[0].outcome == outcome
