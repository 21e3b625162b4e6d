"""The code verifier: extraction, comparison, outcomes; HumanEval's own solutions and mutants of them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from rlvr_bench.rewards.code.asserts import call_target
from rlvr_bench.rewards.code.fences import last_block
from rlvr_bench.rewards.code.targets import check_target, integrity
from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.sandbox import values
from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
from rlvr_bench.rewards.types import Verifier
from rlvr_bench.rewards.workers.pool import Reply, WorkerDied
from tests.rewards.shared_data import shared_rows

ADD = {"type": "call", "entry": "add", "cases": [{"args": [1, 2], "want": 3}, {"args": [-5, 12], "want": 7}]}
SUM = {"type": "stdio", "cases": [{"stdin": "1 2\n", "stdout": "3\n"}, {"stdin": "-5 12\n", "stdout": "7\n"}]}
SCRIPT = {"type": "script", "script": "assert add(1, 2) == 3"}
PYTHON = {"equality": "python"}
GOOD = "def add(a, b):\n    return a + b"
READ = "a, b = map(int, input().split())\n"


@pytest.fixture(scope="module")
def verifier() -> Iterator[CodeVerifier]:
    try:
        made = CodeVerifier(workers=2, time_limit_s=2.0, memory_bytes=256 << 20)
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    yield made
    made.close()


def block(code: str) -> str:
    return f"Here it is.\n```python\n{code}\n```\n"


def returns(want: Any) -> dict[str, Any]:
    return {"type": "call", "entry": "f", "cases": [{"args": [], "want": want}]}


@pytest.mark.parametrize(
    ("completion", "code"),
    [
        ("```python\nx\n```", "x\n"),
        ("```\nx\n```", "x\n"),
        ("```py\r\nx\r\n```\r\n", "x\r\n"),
        ("```\na\n```\ntext\n```\nb\n```", "b\n"),
        ("```\na\n```\n```\nb", "a\n"),  # the last complete one
        ("```python\nx = 1", None),
        ("x = 1", None),
        ("", None),
        ("use ```x = 1``` inline", None),
        ("```\ns = '```'\n```", "s = '```'\n"),
        ("````\n```\n````", "```\n"),
        ("1. So:\n   ```python\n   x\n     y\n   ```", "x\n  y\n"),
        ("```\n    '''\n    ```\n    '''\n```", "    '''\n    ```\n    '''\n"),
        ("<think>```\nx\n```</think>", None),
        ("<think>\n```\nx\n```\n</think>\n```\ny\n```", "y\n"),
        ("<think>\n```\nx\n```", None),
        ("</think>\n```\nx\n```\n</think>", None),
    ],
)
def test_the_last_complete_block_counts(completion: str, code: str | None) -> None:
    assert code == last_block(completion)


@pytest.mark.parametrize(
    ("code", "target", "outcome"),
    [
        (GOOD, ADD, "pass"),
        ("print('x' * 10**6)\n" + GOOD, ADD, "pass"),  # standard output is ignored
        ("def add(a, b): return 3", ADD, "wrong"),
        ("def add(a, b) return 3", ADD, "compile_error"),
        ("x = '\x00'\n" + GOOD, ADD, "compile_error"),
        ("x = '\ud800'\n" + GOOD, ADD, "compile_error"),
        ("(" * 300 + ")" * 300, ADD, "compile_error"),
        ("def other(a, b): return 3", ADD, "runtime_error"),
        ("add = 3", ADD, "runtime_error"),
        ("def add(a, b): raise SystemExit(0)", ADD, "runtime_error"),
        ("def add(a, b): return add(a, b)", ADD, "runtime_error"),
        ("import os\ndef add(a, b): os._exit(0)", ADD, "crash"),
        ("import os\ndef add(a, b): os.abort()", ADD, "crash"),
        ("import os\ndef add(a, b): os.kill(os.getpid(), 9)", ADD, "crash"),
        ("import ctypes\ndef add(a, b): ctypes.string_at(0)", ADD, "crash"),
        ("def add(a, b): return 'x' * 10**7", ADD, "output_limit"),
        ("def add(a, b):\n    x = []\n    while True: x.append(' ' * 10**6)", ADD, "memory"),
        ("def add(a, b):\n    while True: pass", ADD, "timeout"),
        ("import os\nfor d in range(3, 30):\n    try: os.write(d, b'{\"values\": [3')\n"
         "    except OSError: pass\n" + GOOD, ADD, "protocol"),
        ("def add(a, b):\n    x = []\n    x.append(x)\n    return x", ADD, "runtime_error"),
        ("def add(a, b):\n    x = 3\n    for _ in range(200): x = [x]\n    return x", ADD, "wrong"),
        ("import json\njson.dumps = lambda *a, **k: '{\"values\": [3, 8]}'\n" + GOOD, ADD, "wrong"),
        ("def add(a, b):\n    a += b\n    return a", ADD, "pass"),
        ("from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n"
         "def add(a, b): return P(a + b).x", ADD, "pass"),
        (READ + "print(a + b)", SUM, "pass"),
        (READ + "print(a + b, '  ')\nprint()\nexit()", SUM, "pass"),
        (READ + "print(a + b)\nraise SystemExit(3)", SUM, "runtime_error"),
        (READ + "print(a + b)\n1 / 0", SUM, "runtime_error"),
        (READ + "print(a + b, 1)", SUM, "wrong"),
        (READ + "print(a + b)\nprint(0)", SUM, "wrong"),
        (READ + "print(3)", SUM, "wrong"),
        ("print(3", SUM, "compile_error"),
        ("while True: print('x' * 1000)", SUM, "output_limit"),
        ("input(); input()", SUM, "runtime_error"),
        ("import sys, threading\ndata = sys.stdin.buffer.read().split()\n"
         "threading.Thread(target=lambda: print(sum(map(int, data)))).start()", SUM, "pass"),
        ("if __name__ == '__main__':\n    print(sum(map(int, input().split())))", SUM, "pass"),
        (GOOD, SCRIPT, "pass"),
        ("def add(a, b): return 4", SCRIPT, "runtime_error"),
        ("import sys; sys.exit(0)", SCRIPT, "runtime_error"),
        ("import os; os._exit(0)", SCRIPT, "crash"),
    ],
)  # fmt: skip
def test_outcomes(verifier: CodeVerifier, code: str, target: dict[str, Any], outcome: str) -> None:
    (verdict,) = verifier.verify([block(code)], [target])
    assert outcome == verdict.outcome, verdict
    assert (1.0 if outcome == "pass" else 0.0) == verdict.reward


@pytest.mark.parametrize(
    ("expression", "want", "equal"),
    [
        ("(1, [2, (3,)])", [1, [2, [3]]], True),
        ("[1, 2]", (1, 2), True),
        ("True", 1, False),
        ("1", True, False),
        ("1.0", 1, False),
        ("-0.0", 0.0, True),
        ("0.1 + 0.2", 0.3, False),
        ("float('nan')", 1.0, False),
        ("[float('nan')]", [1.0], False),
        ("float('inf')", float("inf"), True),
        ("None", None, True),
        ("None", False, False),
        ("'a\\ud800'", "a\ud800", True),
        ("{'a': (1,)}", {"a": [1]}, True),
        ("{1: 2}", {"1": 2}, False),
        ("{1: 2, 3: 4}", {3: 4, 1: 2}, True),
        ("{1, 2}", {2, 1}, True),
        ("[1, 2]", {1, 2}, False),
        ("frozenset([1])", {1}, False),
        ("b'x'", b"x", True),
        ("b'x'", "x", False),
        ("2 ** 5000", 2**5000, True),
        ("2 ** 5000", 2**5000 + 1, False),
        ("1j", 1j, True),
        ("__import__('collections').Counter('a')", {"a": 1}, False),
        ("type('I', (int,), {})(3)", 3, False),
        ("type('S', (str,), {'__eq__': lambda *a: True, '__hash__': None})('x')", "y", False),
        ("(x for x in [1])", [1], False),
    ],
)
def test_values_are_equal_by_type(verifier: CodeVerifier, expression: str, want: Any, equal: bool) -> None:
    (verdict,) = verifier.verify([block(f"def f():\n    return {expression}")], [returns(want)])
    assert ("pass" if equal else "wrong") == verdict.outcome, verdict


@pytest.mark.parametrize(
    ("expression", "want", "equal"),
    [
        ("240.0", 240, True),
        ("240.5", 240, False),
        ("True", 1, True),
        ("[1.0, {2: False}]", [1, {2.0: 0}], True),
        ("1 + 0j", 1, True),
        ("2 + 1j", complex(2, 1), True),
        ("2.0 ** 70", 2**70, True),
        ("2.0 ** 70", 2**70 + 1, False),
        ("-0.0", 0, True),
        ("[1, 2]", (1, 2), True),  # a target that was JSON has only lists
        ("(1.0, 2)", (1, 2), True),
        ("frozenset([1.0])", {1}, True),
        ("{1: 2}", {"1": 2}, False),
        ("None", False, False),
        ("'1'", 1, False),
        ("float('nan')", 1, False),
        ("float('inf')", float("inf"), True),
        ("type('I', (int,), {})(3)", 3, False),
    ],
)
def test_python_equality_where_a_target_asks_for_it(
    verifier: CodeVerifier, expression: str, want: Any, equal: bool
) -> None:
    (verdict,) = verifier.verify([block(f"def f():\n    return {expression}")], [returns(want) | PYTHON])
    assert ("pass" if equal else "wrong") == verdict.outcome, verdict


def test_a_case_may_ask_for_another_equality_than_its_target(verifier: CodeVerifier) -> None:
    target = call_target("assert f(1) == 1\nassert f(2) is True", "f")
    codes = ["def f(x): return True", "def f(x): return 1", "def f(x): return 1.0 if x == 1 else True"]
    assert [v.outcome for v in verifier.verify([block(c) for c in codes], [target] * 3)] == ["pass", "wrong", "pass"]
    for bad in ({"equality": "loose"}, {"equality": None}, {"cases": [{"args": [], "want": 1, "equality": "=="}]}):
        with pytest.raises(ValueError, match="equality"):
            check_target(returns(1) | bad)


def test_solutions_of_mbpp_that_equal_only_by_value_pass(verifier: CodeVerifier) -> None:
    target = call_target("assert find_Volume(10,8,6) == 240\nassert find_Volume(3,2,2) == 6", "find_Volume")
    right, mutant = ("def find_Volume(l, b, h): return ((l * b * h) / 2)", "def find_Volume(l, b, h): return 240.0")
    assert [v.outcome for v in verifier.verify([block(right), block(mutant)], [target] * 2)] == ["pass", "wrong"]


def test_a_value_forged_by_the_child_is_judged_in_time(verifier: CodeVerifier) -> None:
    """Written past the machinery, so the child has not paid for its colliding hashes."""
    keys = "','.join(f'[{(2**61 - 1) * i}, 1]' for i in range(100000))"
    write = "import os\nnote = ('{\"values\": [' + %s + ']}').encode()\nfor d in range(3, 30):\n    try:\n"
    write += "        while note: note = note[os.write(d, note):]\n    except OSError: pass\nos._exit(0)"
    forms = [
        f"'{{\"dict\": [' + {keys} + ']}}'",
        """'{"complex": [1%s, 0]}' % ('0' * 400)""",
        """'{"complex": [[], 0]}'""",
    ]
    start = time.monotonic()
    verdicts = verifier.verify([block(write % form) for form in forms], [returns(1) | PYTHON] * 3)
    assert [verdict.outcome for verdict in verdicts] == ["wrong", "protocol", "protocol"]
    assert time.monotonic() - start < 10


def test_the_name_of_a_type_is_short_whatever_the_child_wrote() -> None:
    assert values.type_name(values.encode(2**70)) == "int" and values.type_name({"other": "Counter"}) == "Counter"
    assert values.type_name({"other": "x" * 10**6}) == values.type_name({"x" * 10**6: 1}) == "x" * 80
    assert values.type_name({"other": [[1]] * 1000}) == "unknown"


def test_no_case_starts_behind_the_time_limit(verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def run(job: dict[str, Any], seconds: float) -> Reply:
        given.append(seconds)
        return Reply("exit", 0, b"", b"3", 1.0)

    monkeypatch.setattr(verifier.sandbox, "run", run)
    target = {"type": "stdio", "cases": [{"stdin": str(i), "stdout": "3"} for i in range(4)]}
    (verdict,) = verifier.verify([block("print(3)")], [target])
    assert (verdict.outcome, given) == ("timeout", [2.0, 1.0])


def test_expected_values_never_enter_the_sandbox(verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []
    real = verifier.sandbox.pool.run
    monkeypatch.setattr(verifier.sandbox.pool, "run", lambda job, seconds: (sent.append(job), real(job, seconds))[1])
    want, printed = 193_707_721, "761838257287"
    stdio = {"type": "stdio", "cases": [{"stdin": "", "stdout": printed}]}
    verifier.verify([block(f"def f(): return {want - 1} + 1"), block("print(1)")], [returns(want), stdio])
    assert len(sent) == 2
    assert not [job for job in sent if str(want).encode() in job or printed.encode() in job]


def test_the_machinery_failing_is_no_verdict(verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(job: bytes, seconds: float) -> None:
        raise WorkerDied("gone")

    monkeypatch.setattr(verifier.sandbox.pool, "run", fail)
    (verdict,) = verifier.verify([block(GOOD)], [ADD])
    assert (verdict.reward, verdict.outcome, verdict.detail) == (None, "infra", "gone")


@pytest.mark.parametrize(
    "target",
    [
        None, "x", {}, {"type": "call"}, {"type": "call", "entry": "f", "cases": []}, {"type": "other"},
        {"type": "call", "entry": "f", "cases": [{"args": [1]}]}, {"type": "call", "entry": 3, "cases": [{}]},
        {"type": "stdio", "cases": [{"stdin": ""}]}, {"type": "script"}, returns(float("nan")), returns(object()),
    ],
)  # fmt: skip
def test_a_malformed_target_is_refused(verifier: CodeVerifier, target: Any) -> None:
    with pytest.raises(ValueError, match=r"target|case"):
        check_target(target)
    with pytest.raises(ValueError, match=r"target|case"):
        verifier.verify([block(GOOD)], [target])


def test_values_survive_the_way_and_garbage_raises_a_value_error() -> None:
    value = [1, -(2**70), 1.5, "x", None, True, (1, (2,)), {"a": {1}}, {(1, 2): b"\xff"}, frozenset([3]), 2j]
    assert value == values.decode(values.encode(value))
    for form in ({"int": 5}, {"int": "zz"}, {"dict": 5}, {"dict": [1]}, {"bytes": "x"}, {"a": 1, "b": 2}, {"set": 1}):
        with pytest.raises(ValueError):  # noqa: PT011  # each has a message of its own
            values.canonical(form)


def test_colliding_hashes_cost_no_time(verifier: CodeVerifier) -> None:
    code = "def f(): return {'x': [(2**61 - 1) * i for i in range(100000)]}"
    collide = "def f(): return [frozenset([(2**61 - 1) * i]) for i in range(60000)]"
    assert [v.outcome for v in verifier.verify([block(code), block(collide)], [returns({1})] * 2)] == ["wrong", "wrong"]


def test_asserts_become_cases() -> None:
    check = "METADATA = {}\ndef check(candidate):\n    assert candidate([1], k=2) == (3, 4)\n    assert True, 'x'\n"
    assert (call_target(check, "f") or {})["cases"] == [{"args": [[1]], "kwargs": {"k": 2}, "want": (3, 4)}]
    identity = {"args": [-1], "kwargs": {}, "want": None, "equality": "exact"}
    assert (call_target("assert None is f(-1)", "f") or {})["cases"] == [identity]
    assert (call_target(check, "f") or {})["equality"] == "python"
    for tests in (
        "assert abs(f(1) - 2) < 1",
        "assert f(x) == 1",
        "for i in [1]: assert f(i) == 1",
        "assert f(1)",
        "",
        "(",
    ):
        assert call_target(tests, "f") is None


def test_humaneval_solutions_pass_and_mutants_fail(verifier: CodeVerifier) -> None:
    solutions, mutants, targets = [], [], []
    for row in shared_rows("humaneval.jsonl.gz"):
        entry, code = row["entry_point"], row["prompt"] + row["canonical_solution"]
        script = {"type": "script", "script": f"{row['test']}\ncheck({entry})\n"}
        targets.append(call_target(row["test"], entry) or script)
        solutions.append(block(code))
        mutants.append(
            block(f"{code}\n_true = {entry}\ndef {entry}(*a, **k):\n    return ['mutant', _true(*a, **k)]\n")
        )
    assert len(targets) == 164
    assert sum(integrity(target) == "strong" for target in targets) >= 140
    assert {"pass"} == {verdict.outcome for verdict in verifier.verify(solutions, targets)}
    assert {0.0} == {verdict.reward for verdict in verifier.verify(mutants, targets)}


def test_recovery_after_hostile_completions(verifier: CodeVerifier) -> None:
    hostile = [
        "def add(a, b): return 'x' * 10**7",
        "import os\ndef add(a, b): os.kill(os.getppid(), 9)",
        "import os\nfor i in range(100): os.close(i)",
        "def add(a, b): return [0] * 10**9",
        "import threading\ndef add(a, b):\n    for i in range(10**4): threading.Thread(target=input).start()",
    ] * 4
    numbered = [block(f"{code}\n#{i}") for i, code in enumerate(hostile)]
    verdicts = verifier.verify(numbered, [ADD] * len(hostile))
    assert {0.0} == {verdict.reward for verdict in verdicts}
    for pid in verifier.sandbox.pool.worker_pids():
        os.kill(pid, signal.SIGKILL)
    good = [block(f"{GOOD}\n#{i}") for i in range(50)]
    assert {"pass"} == {verdict.outcome for verdict in verifier.verify(good, [ADD] * 50)}


def test_a_worker_killed_during_a_batch_costs_a_retry_and_no_verdict(verifier: CodeVerifier) -> None:
    before = verifier.retries
    slow = [block(f"import time\ntime.sleep(0.3)\n{GOOD} + {i} - {i}") for i in range(6)]
    wrong = block("def add(a, b): return 4")

    def kill() -> None:
        os.kill(verifier.sandbox.pool.worker_pids()[0], signal.SIGKILL)

    verifier.verify([block(GOOD)] * 2, [ADD] * 2)
    timer = threading.Timer(0.2, kill)
    timer.start()
    verdicts = verifier.verify([*slow, wrong], [ADD] * 7)
    timer.join()
    assert [verdict.outcome for verdict in verdicts] == ["pass"] * 6 + ["wrong"]
    assert verifier.retries >= before + 1


def test_the_same_job_several_times_in_a_batch_is_run_once(
    verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = []
    real = verifier.sandbox.pool.run
    monkeypatch.setattr(verifier.sandbox.pool, "run", lambda job, seconds: (sent.append(job), real(job, seconds))[1])
    one, true = returns([1]), returns([True])
    completions = [block("def f(): return [1]")] * 4 + [block("def f(): return [True]")]
    verdicts = verifier.verify(completions, [one, dict(one), true, one, one], [None, None, None, 1.0, None])
    assert [verdict.outcome for verdict in verdicts] == ["pass", "pass", "wrong", "pass", "wrong"]
    assert len(sent) == 4


def test_it_is_a_verifier(verifier: CodeVerifier) -> None:
    assert isinstance(verifier, Verifier)
    assert verifier.verify([], []) == []
    assert verifier.verify(["```\n\n```"], [ADD])[0].outcome == "no_code"
