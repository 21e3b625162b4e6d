"""The code verifier: outcomes, comparison, isolation of expected values, recovery."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.rewards.code.asserts import call_target
from rlvr_bench.rewards.code.targets import integrity
from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.sandbox import values
from rlvr_bench.rewards.workers.pool import Reply, Worker, WorkerDied
from tests import data
from tests.rewards.waiting import kill

ADD = {"type": "call", "entry": "add", "cases": [{"args": [1, 2], "want": 3}, {"args": [-5, 12], "want": 7}]}
SUM = {"type": "stdio", "cases": [{"stdin": "1 2\n", "stdout": "3\n"}, {"stdin": "-5 12\n", "stdout": "7\n"}]}
SCRIPT = {"type": "script", "script": "assert add(1, 2) == 3"}
PYTHON = {"equality": "python"}
GOOD = "def add(a, b):\n    return a + b"
READ = "a, b = map(int, input().split())\n"


def block(code: str) -> str:
    return f"Here it is.\n```python\n{code}\n```\n"


def outcomes(verifier: CodeVerifier, codes: list[str], target: Any) -> list[str]:
    return [v.outcome for v in verifier.verify([block(code) for code in codes], [target] * len(codes))]


def watch_jobs(verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The jobs that go into the sandbox from now on."""
    sent: list[bytes] = []
    run = verifier.sandbox.pool.run
    monkeypatch.setattr(verifier.sandbox.pool, "run", lambda job, seconds: (sent.append(job), run(job, seconds))[1])
    return sent


def returns(want: Any) -> dict[str, Any]:
    return {"type": "call", "entry": "f", "cases": [{"args": [], "want": want}]}


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
def test_outcomes(code_verifier: CodeVerifier, code: str, target: dict[str, Any], outcome: str) -> None:
    (verdict,) = code_verifier.verify([block(code)], [target])
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
def test_values_are_equal_by_type(code_verifier: CodeVerifier, expression: str, want: Any, equal: bool) -> None:
    (verdict,) = code_verifier.verify([block(f"def f():\n    return {expression}")], [returns(want)])
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
        ("type('I', (int,), {})(3)", 3, True),
        ("type('I', (int,), {'__eq__': lambda *_: True})(4)", 3, False),
    ],
)
def test_python_equality_where_a_target_asks_for_it(
    code_verifier: CodeVerifier, expression: str, want: Any, equal: bool
) -> None:
    (verdict,) = code_verifier.verify([block(f"def f():\n    return {expression}")], [returns(want) | PYTHON])
    assert ("pass" if equal else "wrong") == verdict.outcome, verdict


def test_a_case_may_ask_for_another_equality_than_its_target(code_verifier: CodeVerifier) -> None:
    target = call_target("assert f(1) == 1\nassert f(2) is True", "f")
    codes = ["def f(x): return True", "def f(x): return 1", "def f(x): return 1.0 if x == 1 else True"]
    assert outcomes(code_verifier, codes, target) == ["pass", "wrong", "pass"]


def test_solutions_of_mbpp_that_equal_only_by_value_pass(code_verifier: CodeVerifier) -> None:
    target = call_target("assert find_Volume(10,8,6) == 240\nassert find_Volume(3,2,2) == 6", "find_Volume")
    right, mutant = ("def find_Volume(l, b, h): return ((l * b * h) / 2)", "def find_Volume(l, b, h): return 240.0")
    assert outcomes(code_verifier, [right, mutant], target) == ["pass", "wrong"]


def test_no_case_starts_after_the_time_limit(code_verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def run(job: dict[str, Any], seconds: float) -> Reply:
        given.append(seconds)
        return Reply("exit", 0, b"", b"3", 1.0)

    monkeypatch.setattr(code_verifier.sandbox, "run", run)
    target = {"type": "stdio", "cases": [{"stdin": str(i), "stdout": "3"} for i in range(4)]}
    (verdict,) = code_verifier.verify([block("print(3)")], [target])
    assert (verdict.outcome, given) == ("timeout", [2.0, 1.0])


def test_expected_values_never_enter_the_sandbox(code_verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = watch_jobs(code_verifier, monkeypatch)
    want, printed = 193_707_721, "761838257287"
    stdio = {"type": "stdio", "cases": [{"stdin": "", "stdout": printed}]}
    code_verifier.verify([block(f"def f(): return {want - 1} + 1"), block("print(1)")], [returns(want), stdio])
    assert len(sent) == 2
    assert not [job for job in sent if str(want).encode() in job or printed.encode() in job]


def test_a_sandbox_that_fails_is_no_verdict(code_verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(job: bytes, seconds: float) -> None:
        raise WorkerDied("gone")

    monkeypatch.setattr(code_verifier.sandbox.pool, "run", fail)
    (verdict,) = code_verifier.verify([block(GOOD)], [ADD])
    assert (verdict.reward, verdict.outcome, verdict.detail) == (None, "infra", "gone")


def test_colliding_hashes_are_only_wrong(code_verifier: CodeVerifier) -> None:
    code = "def f(): return {'x': [(2**61 - 1) * i for i in range(100000)]}"
    collide = "def f(): return [frozenset([(2**61 - 1) * i]) for i in range(60000)]"
    assert outcomes(code_verifier, [code, collide], returns({1})) == ["wrong", "wrong"]


def test_recovery_after_hostile_completions(code_verifier: CodeVerifier) -> None:
    hostile = [
        "def add(a, b): return 'x' * 10**7",
        "import os\ndef add(a, b): os.kill(os.getppid(), 9)",
        "import os\nfor i in range(100): os.close(i)",
        "def add(a, b): return [0] * 10**9",
        "import threading\ndef add(a, b):\n    for i in range(10**4): threading.Thread(target=input).start()",
    ] * 4
    numbered = [block(f"{code}\n#{i}") for i, code in enumerate(hostile)]
    verdicts = code_verifier.verify(numbered, [ADD] * len(hostile))
    assert {0.0} == {verdict.reward for verdict in verdicts}
    for pid in code_verifier.sandbox.pool.worker_pids():
        kill(pid)
    good = [block(f"{GOOD}\n#{i}") for i in range(50)]
    assert {"pass"} == {verdict.outcome for verdict in code_verifier.verify(good, [ADD] * 50)}


def test_the_same_job_several_times_in_a_batch_is_run_once(
    code_verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = watch_jobs(code_verifier, monkeypatch)
    one, true = returns([1]), returns([True])
    completions = [block("def f(): return [1]")] * 4 + [block("def f(): return [True]")]
    verdicts = code_verifier.verify(completions, [one, dict(one), true, one, one], [None, None, None, 1.0, None])
    assert [verdict.outcome for verdict in verdicts] == ["pass", "pass", "wrong", "pass", "wrong"]
    assert len(sent) == 4


def test_a_forged_value_is_compared_as_text_and_never_decoded(
    code_verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written straight to the pipe, so the child did not pay for its colliding hashes; nor must this process."""

    def refuse(form: object) -> None:
        raise AssertionError("a value from inside was decoded")

    monkeypatch.setattr(values, "decode", refuse)
    keys = "','.join(f'[{(2**61 - 1) * i}, 1]' for i in range(100000))"
    write = "import os\nnote = ('{\"values\": [' + %s + ']}').encode()\nfor d in range(3, 30):\n    try:\n"
    write += "        while note: note = note[os.write(d, note):]\n    except OSError: pass\nos._exit(0)"
    forms = [
        f"'{{\"dict\": [' + {keys} + ']}}'",
        """'{"complex": [1%s, 0]}' % ('0' * 400)""",
        """'{"complex": [[], 0]}'""",
    ]
    verdicts = code_verifier.verify([block(write % form) for form in forms], [returns(1) | PYTHON] * 3)
    assert [verdict.outcome for verdict in verdicts] == ["wrong", "protocol", "protocol"]


@pytest.mark.parametrize("file", data.files("humaneval.jsonl"))
def test_humaneval_solutions_pass_and_mutants_fail(code_verifier: CodeVerifier, file: Path) -> None:
    solutions, mutants, targets = [], [], []
    for row in data.rows(file):
        entry, code = row["entry_point"], row["prompt"] + row["canonical_solution"]
        script = {"type": "script", "script": f"{row['test']}\ncheck({entry})\n"}
        targets.append(call_target(row["test"], entry) or script)
        solutions.append(block(code))
        mutants.append(
            block(f"{code}\n_true = {entry}\ndef {entry}(*a, **k):\n    return ['mutant', _true(*a, **k)]\n")
        )
    # of 164, 21 use more than calls and literals; the sample has 7 of those
    weak = sum(integrity(target) == "weak" for target in targets)
    assert (len(targets), weak) in ((164, 21), (30, 7))
    assert {"pass"} == {verdict.outcome for verdict in code_verifier.verify(solutions, targets)}
    assert {0.0} == {verdict.reward for verdict in code_verifier.verify(mutants, targets)}


def test_a_worker_killed_during_a_batch_costs_a_retry_and_no_verdict(
    code_verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, killed = code_verifier.retries, []
    run = Worker.run

    def killed_once(worker: Worker, job: bytes, seconds: float) -> Reply:
        if not killed:
            killed.append(worker.pid)
            kill(worker.pid)
        return run(worker, job, seconds)

    monkeypatch.setattr(Worker, "run", killed_once)
    right = [block(f"{GOOD} + {i} - {i}") for i in range(6)]
    verdicts = code_verifier.verify([*right, block("def add(a, b): return 4")], [ADD] * 7)
    assert [verdict.outcome for verdict in verdicts] == ["pass"] * 6 + ["wrong"]
    assert code_verifier.retries >= before + 1


def test_malformed_targets_are_named_without_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise AssertionError("a sandbox was opened")

    monkeypatch.setattr("rlvr_bench.rewards.code.verifier.open_sandbox", refuse)
    problems = CodeVerifier.check_targets([ADD, "def", SUM, {**ADD, "cases": []}], time_limit_s=1.0)
    assert list(problems) == [1, 3]
    assert "a code target is an object" in problems[1] and "`cases`" in problems[3]


def test_a_malformed_target_raises_before_anything_runs(code_verifier: CodeVerifier) -> None:
    with pytest.raises(ValueError, match="a code target"):
        code_verifier.verify([block(GOOD)], ["x"])


def test_it_names_its_tier_and_its_answer(code_verifier: CodeVerifier) -> None:
    assert code_verifier.tier == code_verifier.sandbox.tier
    assert CodeVerifier.answer(block(" x = 1 ")) == "x = 1"
    assert CodeVerifier.answer("x = 1") is CodeVerifier.answer("```\n\n```") is None
    assert code_verifier.verify([], []) == []
    assert code_verifier.verify(["```\n\n```"], [ADD])[0].outcome == "no_code"
