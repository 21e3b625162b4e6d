"""The sandbox: what code inside can and cannot do, how a tier is chosen, and what happens to dead workers."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.sandbox import tiers
from rlvr_bench.rewards.sandbox.errors import ANYWHERE, SandboxUnavailable
from rlvr_bench.rewards.sandbox.sandbox import Sandbox, open_sandbox, worker_count
from rlvr_bench.rewards.sandbox.tiers import Tier
from rlvr_bench.rewards.workers.pool import Reply, Worker, WorkerDied
from tests import data
from tests.rewards.sandboxes import TIERS, open_tested, pin, reported
from tests.rewards.waiting import kill, lives, wait_until


@pytest.mark.parametrize(
    "body",
    [
        "os.fork()",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "os.execv('/bin/true', ['true'])",
        "import subprocess; subprocess.run(['true'])",
        "import multiprocessing as m; m.get_context('fork').Process(target=print).start()",
        "import socket; socket.socket()",
        "import socket; socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
        "import socket; socket.create_connection(('127.0.0.1', 1))",
        "os.kill(os.getppid(), 9)",
        "os.kill(-1, 9)",
        "os.killpg(0, 9)",
        "open('/etc/passwd').read()",
        "os.listdir('/proc')",
        "open('/proc/self/environ').read()",
        "os.chmod('.', 0)",
        "os.symlink('/etc', 'x')",
        "os.memfd_create('x')",
        "os.setuid(0)",
        "os.chroot('.')",
        "open('/dev/shm/x', 'w')",
        "open('/escape', 'w')",
        "os.open('/dev/null', 3)",
        "os.open('/dev/urandom', 3)",
        "open('own', 'w').close(); os.open('own', os.O_RDONLY | os.O_TRUNC)",
        "os.listdir(args[0])",
    ],
)
def test_what_is_forbidden_raises_an_os_error(sandbox: Sandbox, body: str) -> None:
    checked = f"try:\n    {body}\nexcept OSError:\n    return 'refused'\nreturn 'done'"
    assert reported(sandbox, checked, str(data.ROOT)) == '{"values": ["refused"]}'


def test_installed_packages_are_not_readable_inside(sandbox: Sandbox) -> None:
    """This project can be among them."""
    files = [next(Path(folder).glob("*/__init__.py"), None) for folder in tiers.hidden_paths()]
    if not any(files):
        pytest.skip("the base interpreter has no packages")
    read = "def attempt(path):\n    try: return open(path).read()\n    except OSError: return 'refused'\n"
    found = [str(file) for file in files if file is not None]
    report = reported(sandbox, f"{read}return sorted(set(map(attempt, args)))", *found)
    assert report == '{"values": [["refused"]]}'
    write = "try:\n    open(args[0], 'w')\nexcept OSError:\n    return 'refused'\nreturn 'done'"
    assert reported(sandbox, write, f"{tiers.hidden_paths()[0]}/planted") == '{"values": ["refused"]}'


def test_the_standard_library_imports_whole(sandbox: Sandbox) -> None:
    names = "asyncio unittest ctypes math _sqlite3 _bz2 multiprocessing.pool xml.dom zoneinfo logging.handlers"
    wanted = [name for name in names.split() if importlib.util.find_spec(name) is not None]
    body = "import importlib\nreturn [importlib.import_module(name).__name__ for name in args]"
    assert reported(sandbox, body, *wanted) == json.dumps({"values": [wanted]})


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("open('x', 'w').write('hi'); return open('x').read()", '"hi"'),
        ("return os.listdir('.')", "[]"),  # nothing of the case before
        ("import tempfile\nwith tempfile.TemporaryDirectory() as d: return os.listdir(d)", "[]"),
        ("open(os.devnull, 'w').write('x'); return 1", "1"),
        ("import asyncio\nasync def g(): await asyncio.sleep(0); return 3\nreturn asyncio.run(g())", "3"),
        ("from concurrent.futures import ThreadPoolExecutor as T\nreturn list(T(8).map(abs, [-1, 2]))", "[1, 2]"),
        ("sys.setrecursionlimit(10**6)\ng = lambda n: n and 1 + g(n - 1)\nreturn g(20000)", "20000"),
        ("import resource\nresource.setrlimit(resource.RLIMIT_STACK, (1 << 26, 1 << 26)); return 1", "1"),
        ("return sorted(k for k in os.environ if 'SECRET' in k)", "[]"),
        ("import random; return random.random() == random.Random(0).random()", "true"),
        ("import rlvr_bench", '"error"'),
        ("return [hash('a') == hash('a'), os.getpid() != os.getppid()]", "[true, true]"),
    ],
)
def test_what_honest_code_does_works(sandbox: Sandbox, body: str, value: str) -> None:
    assert value in reported(sandbox, body)


@pytest.mark.parametrize("body", ["while True: pass", "9 ** (9 ** 9)", "import time; time.sleep(60)"])
def test_the_deadline_kills(sandbox: Sandbox, body: str) -> None:
    assert sandbox.call(f"def f():\n    {body}\n", "f", [], seconds=0.5).end == "timeout"


def test_a_worker_killed_from_outside_is_replaced(sandbox: Sandbox) -> None:
    reported(sandbox, "return 1")
    (pid,) = sandbox.pool.worker_pids()
    deaths = sandbox.pool.deaths
    kill(pid)
    assert reported(sandbox, "return 1") == '{"values": [1]}'
    assert deaths + 1 == sandbox.pool.deaths
    if sandbox._scratch is not None:
        assert len(os.listdir(sandbox._scratch.path)) == 1  # the dead worker's folder went with it


def test_a_worker_killed_in_the_middle_is_replaced_and_its_job_repeated(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported(sandbox, "return 1")
    worker = psutil.Process(sandbox.pool.worker_pids()[0])
    family: list[psutil.Process] = [worker]
    run, hang = Worker.run, [True]

    def hang_once(worker: Worker, job: bytes, seconds: float) -> Reply:
        """The first attempt never ends by itself; its deadline is minutes away."""
        if hang:
            hang.pop()
            job = json.dumps(json.loads(job) | {"code": "import time; time.sleep(600)"}).encode()
        return run(worker, job, 300.0)

    def kill() -> None:
        wait_until(lambda: worker.children(recursive=True))
        family.extend(worker.children(recursive=True))
        worker.kill()

    monkeypatch.setattr(Worker, "run", hang_once)
    killer = threading.Thread(target=kill)
    killer.start()
    assert reported(sandbox, "return 1") == '{"values": [1]}'
    killer.join()
    assert len(family) >= 2
    wait_until(lambda: not any(map(lives, family)))  # the child too


def test_a_worker_that_cannot_start_is_no_verdict(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    reported(sandbox, "return 1")
    (pid,) = sandbox.pool.worker_pids()
    kill(pid)
    with monkeypatch.context() as patch:
        patch.setattr(tiers, "_BOOT", "import sys; sys.exit('no start')")
        patch.setattr(tiers, "_PYTHON_FLAGS", ("-S", "-c", "import sys; sys.exit('no start')"))
        with pytest.raises(WorkerDied, match=r"no start|gone|ended"):
            reported(sandbox, "return 1")
    assert reported(sandbox, "return 1") == '{"values": [1]}'


def test_closing_leaves_nothing() -> None:
    for tier in TIERS:
        processes = {process.pid for process in psutil.Process().children(recursive=True)}
        descriptors = psutil.Process().num_fds()
        opened = open_tested(tier, workers=2)
        scratch = opened._scratch
        opened.call("while True: pass", "f", [], seconds=0.2)
        opened.close()
        opened.close()
        assert descriptors == psutil.Process().num_fds()
        assert {process.pid for process in psutil.Process().children(recursive=True)} <= processes
        assert scratch is None or not os.path.exists(scratch.path)


@pytest.mark.parametrize("tier", TIERS)
def test_a_trainer_killed_leaves_no_worker(tier: Tier) -> None:
    open_tested(tier, workers=1).close()
    program = (
        "from rlvr_bench.rewards.sandbox.sandbox import Sandbox\n"
        f"s = Sandbox({tier!r}, workers=1)\ns.call('def f(): return 1', 'f', [], seconds=9.0)\n"
        "print(s.pool.worker_pids()[0], flush=True)\ns.call('while True: pass', 'f', [], seconds=600.0)\n"
    )
    trainer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=data.ROOT)
    assert trainer.stdout is not None
    with trainer.stdout:
        worker = psutil.Process(int(trainer.stdout.readline()))
    wait_until(lambda: worker.children(recursive=True))
    family = [worker, *worker.children(recursive=True)]
    trainer.kill()
    trainer.wait()
    wait_until(lambda: not any(map(lives, family)))


def test_no_tier_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(program: str) -> str:
        raise FileNotFoundError(2, f"there is no program {program}")

    monkeypatch.setattr(tiers, "_found", absent)
    monkeypatch.setattr(tiers, "_MODULES", tuple(m for m in tiers._MODULES if not m.endswith("landlock")))
    with pytest.raises(SandboxUnavailable) as caught:
        open_sandbox(workers=1)
    assert list(caught.value.failures) == ["bwrap", "landlock"]
    assert "[Errno 2]" in caught.value.failures["bwrap"]
    assert "apt-get install bubblewrap" in str(caught.value)


def test_a_tier_that_does_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real = tiers.launch
    monkeypatch.setattr(tiers, "launch", lambda tier, **options: real("unsafe", **options))
    with pytest.raises(SandboxUnavailable, match=r"code inside could fork; .*open a socket.*canary") as caught:
        open_sandbox(("landlock",), workers=1)
    assert "remedy: none to install: the tier starts but does not confine" in str(caught.value)
    assert "Linux 5.19" not in str(caught.value)


def test_a_tier_that_cannot_even_be_made_is_a_failure_of_that_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    def unwritable() -> None:
        raise PermissionError(13, "no scratch folder")

    with monkeypatch.context() as patch:
        patch.setattr("rlvr_bench.rewards.sandbox.sandbox.Scratch", unwritable)
        with pytest.raises(SandboxUnavailable, match=r"landlock: \[Errno 13\] no scratch folder\n.*Linux 5\.19"):
            open_sandbox(("landlock",), workers=1)
    monkeypatch.delattr(os, "sched_getaffinity")  # not Linux
    with pytest.raises(SandboxUnavailable, match=r"bwrap: .*sched_getaffinity"):
        open_sandbox(("bwrap",))


@pytest.mark.parametrize("tier", TIERS)
def test_a_machine_where_programs_cannot_be_given_input_is_refused_with_its_own_remedy(
    tier: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_tested(tier, workers=1).close()
    pin(monkeypatch, ('os.memfd_create("stdin")', 'os.open("/proc/none", 0)'))
    with pytest.raises(
        SandboxUnavailable, match=rf"{tier}: .*could not be set up: OSError: memfd_create.*\n"
    ) as caught:
        open_sandbox((tier,), workers=1)
    assert caught.value.remedies == {tier: ANYWHERE["memfd_create"]}


@pytest.mark.parametrize("tier", TIERS)
def test_a_set_up_that_fails_is_no_verdict(tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Since the tier was chosen, memory for files may have run out, for instance."""
    real = 'memory = os.memfd_create("stdin")'
    pin(monkeypatch, (real, 'memory = os.memfd_create("stdin") if stdin != "fail" else os.open("/proc/none", 0)'))
    open_tested(tier, workers=1).close()
    target = {"type": "stdio", "cases": [{"stdin": "fail", "stdout": "1"}]}
    with CodeVerifier(tiers=(tier,), workers=1) as verifier:
        right, wrong = "```python\nprint(1)\n```", "```python\nprint(2)\n```"
        verdicts = verifier.verify([right, wrong], [target] * 2)
        assert [(verdict.reward, verdict.outcome) for verdict in verdicts] == [(None, "infra")] * 2
        assert "memfd_create, which holds a program's input" in verdicts[0].detail
        passing = target | {"cases": [{"stdin": "", "stdout": "1"}]}
        assert verifier.verify([right], [passing])[0].outcome == "pass"


def test_no_sandbox_only_when_asked_for() -> None:
    with pytest.raises(ValueError, match="unsafe"):
        open_sandbox(("unsafe",))
    opened = open_sandbox(unsafe=True, workers=1)
    assert opened.tier == "unsafe"
    assert opened.call("def f(): return 2", "f", [], seconds=9.0).notes == b'{"values": [2]}'
    opened.close()


def test_workers_fit_memory_and_cores() -> None:
    assert worker_count(1 << 50) == 1
    assert 1 <= worker_count(1) <= (os.cpu_count() or 1)
