"""Through SLURM: what is asked of it, with a stand-in; and a study on a real one of a single node."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.harness.runs.executors.study import Study, kill_and_make_up

SCRIPT = Path(__file__).parent / "slurm_single_node.sh"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel")


def free_ports() -> int:
    """The first of two neighbors that nothing listens to."""
    while True:
        with ExitStack() as stack:
            first = stack.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port + 1))
            except OSError:
                continue
        return port


@pytest.fixture
def one_node(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A SLURM of this machine alone, while the test lasts."""
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'rlvr-bench[slurm]'")
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        pytest.skip(f"no {', '.join(missing)}: apt-get install slurmctld slurmd munge slurm-client")
    if os.geteuid() != 0:
        pytest.skip("a SLURM of one's own needs root")
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:  # short: it holds a socket
        started = subprocess.run(["bash", SCRIPT, "start", folder, str(free_ports())], capture_output=True, text=True)
        assert started.returncode == 0, started.stderr
        monkeypatch.setenv("SLURM_CONF", f"{folder}/slurm.conf")
        try:
            yield
        finally:
            subprocess.run(["bash", SCRIPT, "stop", folder], check=True)


@pytest.mark.slow
@pytest.mark.usefixtures("one_node")
def test_a_study_on_a_real_slurm(tmp_path: Path) -> None:
    study = Study(tmp_path, "--executor", "slurm", "--executor-set", "partition=all")

    def scancel(folder: Path) -> None:
        asked = ["squeue", "--noheader", "--array", "--states=R", "--format=%i"]
        running = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
        # The array is in the order of the plan, whose cells rotate.
        order = ["grpo/seed-1", "ppo/seed-1", "ppo/seed-2", "grpo/seed-2"]
        index = order.index(str(folder.relative_to(study.out / "learning")))
        (job,) = [name for name in running if name.endswith(f"_{index}")]
        subprocess.run(["scancel", job], check=True)

    kill_and_make_up(study, scancel)
    assert subprocess.run(["squeue", "--noheader"], capture_output=True, text=True, check=True).stdout == ""
