"""Jobs cannot read each other: a program that searches its memory earns nothing from the answer before it.

Every job is a fork of one worker, so it would find whatever the worker has freed without clearing it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.sandbox.sandbox import open_sandbox
from tests.rewards import thieves
from tests.rewards.sandboxes import TIERS, open_tested

SIZES = range(2, 26)  # of a group, whose last member is the thief: how much is freed before it decides what is left


@pytest.fixture(scope="module", params=TIERS)
def alone(request: pytest.FixtureRequest) -> Iterator[CodeVerifier]:
    """A verifier with one worker, so that the thief is a fork of the process that saw the answers."""
    open_tested(request.param, workers=1).close()
    with CodeVerifier(tiers=(request.param,), workers=1, time_limit_s=20.0) as verifier:
        yield verifier


def block(code: str) -> str:
    return f"```python\n{code}\n```"


def value(k: int, times: int) -> dict[str, Any]:
    return {"type": "call", "entry": "f", "cases": [{"args": [], "want": [10**15 + k] * times}]}


def printed(k: int, times: int) -> dict[str, Any]:
    return {"type": "stdio", "cases": [{"stdin": "", "stdout": f"total{f' {10**15 + k}' * times}\n"}]}


def returns(k: int, times: int) -> str:
    return f"def f(): return [10**15 + {k}] * {times}"


def prints(k: int, times: int) -> str:
    return f"print('total', *[10**15 + {k}] * {times})"


def names(k: int, times: int) -> str:
    """Long enough that the worker looks at the folder while the program runs, and again when it cleans up."""
    write = f"    for place in ('', 'inner/'): open(place + f'{{10**15 + {k}}}' * {times % 12 + 1}, 'w').close()\n"
    write += f"    time.sleep(0.015)\n    return [10**15 + {k}] * {times}"
    return f"import os, time\ndef f():\n    os.mkdir('inner')\n{write}"


# What an honest member of the group does, the thief, and what both are asked for.
LEAKS: dict[str, tuple[Callable[[int, int], str], Callable[[int], str], Callable[[int, int], dict[str, Any]]]] = {
    "values": (returns, lambda times: thieves.calling(thieves.IN_ANSWER, times), value),
    "output": (prints, lambda times: thieves.printing(thieves.IN_ANSWER, times), printed),
    "file names": (names, lambda times: thieves.calling(thieves.IN_ANSWER, times), value),
    "code": (returns, lambda times: thieves.calling(thieves.IN_CODE, times, 10**15), value),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LEAKS)
def test_a_thief_earns_nothing_at_any_group_size(alone: CodeVerifier, kind: str) -> None:
    honest, thief, target = LEAKS[kind]
    earned = []
    for size in SIZES:
        k = 10_000 + size
        group = [*(f"{honest(k, size)}\n#{i}" for i in range(size - 1)), f"{thief(size)}\n#{size}"]
        verdicts = alone.verify([block(code) for code in group], [target(k, size)] * size)
        assert {"pass"} == {verdict.outcome for verdict in verdicts[:-1]}
        assert verdicts[-1].outcome in ("pass", "wrong"), verdicts[-1]
        earned += [size] if verdicts[-1].reward else []
    assert earned == []


@pytest.mark.parametrize("kind", ["values", "output"])
def test_a_thief_finds_what_lies_in_its_memory(alone: CodeVerifier, kind: str) -> None:
    """So that it is not blind where it earns nothing."""
    _, thief, target = LEAKS[kind]
    (verdict,) = alone.verify(
        [block(f"left = [b'%d' % (10**15 + 10001) for _ in range(1000)]\n{thief(2)}")], [target(10_001, 2)]
    )
    assert verdict.outcome == "pass", verdict


@pytest.mark.parametrize(("honest", "mode"), [(returns, "call"), (prints, "stdio"), (names, "call")])
def test_nothing_of_a_job_stays_in_the_worker(honest: Callable[[int, int], str], mode: str) -> None:
    """Its memory is read whole, in the tier that permits that."""
    with contextlib.closing(open_sandbox(unsafe=True, workers=1)) as sandbox:
        case = {"args": [1], "kwargs": {"dict": []}}
        code = honest(10_001, 30).replace("def f()", "def f(x)")
        job = {"code": code, "stdin": "1", "entry": "f", "cases": [case], "mode": mode}
        for _ in range(3):
            reply = sandbox.run(job, 20.0)
            assert b"1000000000010001" in reply.notes + reply.output
        sandbox.call("def f(): return 2", "f", [], seconds=9.0)  # so that the cleaning is over
        memory = memory_of(sandbox.pool.worker_pids()[0])
    assert len(memory) > 1 << 20
    assert [memory.count(left) for left in (b"1000000000010001", b"10**15 + 10001")] == [0, 0]


def memory_of(pid: int) -> bytes:
    found = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            span, mode, *_ = line.split()
            if mode.startswith("rw"):
                start, end = (int(number, 16) for number in span.split("-"))
                memory.seek(start)
                found.append(memory.read(end - start))
    return b"".join(found)


def test_a_thief_in_the_worker_of_a_program_that_did_not_end_earns_nothing(alone: CodeVerifier) -> None:
    """What a killed program had written is not sent as an answer, but it was read."""
    hanging = "import os\nnote = b'{\"values\": [%d]}' % (10**15 + 10001)\nfor d in range(3, 20):\n"
    hanging += "    try: os.write(d, note)\n    except OSError: pass\nwhile True: pass"
    group = [block(hanging), block(thieves.calling(thieves.IN_ANSWER, 1))]
    verdicts = alone.verify(group, [value(10_001, 1)] * 2, [0.5, None])
    assert [verdict.outcome for verdict in verdicts] == ["timeout", "wrong"]
