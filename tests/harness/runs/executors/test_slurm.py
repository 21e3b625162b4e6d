"""Through SLURM: what is asked of it, with a stand-in; and a study on a real one of a single node."""

from __future__ import annotations

import os
import pickle
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.runs.executors import slurm
from rlvr_bench.harness.runs.executors.remote import run_there
from rlvr_bench.harness.runs.executors.slurm import Slurm
from rlvr_bench.harness.runs.jobs import Ending, Job, run_on
from tests.harness.runs.executors.jobs import job
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


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A stand-in of SLURM's programs: what they were asked, and what they answer."""
    pytest.importorskip("submitit")
    asked: dict[str, Any] = {"sbatch": [], "scancel": [], "queue": set(), "answers": True}
    monkeypatch.setattr(slurm.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(slurm, "ASK_SECONDS", 0.0)

    def command(self: Any) -> str:
        script = Path(self.command[1]).read_text()
        asked["sbatch"].append(script)
        main = len(asked["sbatch"])
        size = re.search(r"--array=0-(\d+)", script)
        asked["queue"] |= {f"{main}_{i}" for i in range(int(size[1]) + 1)} if size else {str(main)}
        return f"Submitted batch job {main}"

    def run(command: list[str], **options: Any) -> Any:
        if command[0] == "scancel":
            asked["scancel"].append(command[1:])
            asked["queue"].clear()
        code = 0 if asked["answers"] else 1
        return subprocess.CompletedProcess(command, code, "\n".join(asked["queue"]) if code == 0 else "", "")

    monkeypatch.setattr("submitit.core.utils.CommandFunction.__call__", command)
    monkeypatch.setattr(slurm.subprocess, "run", run)
    return asked


def lines(script: str) -> set[str]:
    return {line.removeprefix("#SBATCH --") for line in script.splitlines() if line.startswith("#SBATCH")}


def finish(folder: Path, name: str, result: Any, outcome: str = "success") -> None:
    """As submitit writes it on the other machine."""
    with (folder / f"{name}_0_result.pkl").open("wb") as file:
        pickle.dump((outcome, result), file)


def test_runs_that_ask_for_the_same_are_one_array(asked: dict[str, Any], tmp_path: Path) -> None:
    from submitit.core.utils import DelayedSubmission

    executor = Slurm(tmp_path, {"gpus": 2, "partition": "big", "array_parallelism": 3})
    shared = [job(tmp_path, name, threads=4, gpus=1) for name in "abcd"]
    alone = job(tmp_path, "e", alone=True, gpus=None, timeout_s=3601.0)
    executor.submit([*shared, alone, job(tmp_path, "f", gpus=0)])
    first, second, third = map(lines, asked["sbatch"])
    assert {"array=0-3%3", "gpus-per-node=1", "cpus-per-task=4", "time=7", "partition=big", "no-requeue"} <= first
    assert {"exclusive", "gpus-per-node=2", "time=66", "partition=big"} <= second
    assert not [line for line in second if line.startswith(("array", "cpus"))]
    assert not [line for line in third if line.startswith(("gpus", "exclusive", "wckey"))]
    names = {line for script in (first, second, third) for line in script if line.startswith("job-name=")}
    assert len(names) == 1  # of this folder
    assert asked["scancel"][0][:2] == ["--name", names.pop().removeprefix("job-name=")]  # what was left there before
    submitted = DelayedSubmission.load(tmp_path / "slurm/1_0_submitted.pkl")
    assert submitted.function is run_there
    assert submitted.args[0].name == "a"


def test_endings_are_told_when_they_come(asked: dict[str, Any], tmp_path: Path) -> None:
    executor, work = Slurm(tmp_path, {}), [job(tmp_path, name) for name in "abc"]
    executor.submit(work)
    assert executor.ended() == []
    finish(tmp_path / "slurm", "1_1", Ending(replace(work[1], name="copy"), 143, False, 5.0))
    assert executor.ended() == [Ending(work[1], 143, False, 5.0)]
    finish(tmp_path / "slurm", "1_0", "Traceback ...", "error")
    (ending,) = executor.ended()
    assert (ending.job, ending.lost) == (work[0], f"its SLURM job 1_0 failed; see {tmp_path}/slurm/1_0_0_log.err")
    assert executor.left()


def test_a_job_that_left_the_queue_without_a_word_is_lost(
    asked: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor, work = Slurm(tmp_path, {}), [job(tmp_path, name) for name in "ab"]
    executor.submit(work)
    asked["queue"].discard("1_0")
    assert executor.ended() == []  # its result may come late
    monkeypatch.setattr(slurm, "SETTLE_SECONDS", 0.0)
    asked["answers"] = False
    assert executor.ended() == []  # SLURM does not answer, which says nothing about the jobs
    asked["answers"] = True
    (ending,) = executor.ended()
    assert (ending.job, ending.lost) == (work[0], "its SLURM job 1_0 was cancelled or its machine failed")
    assert executor.left()


def test_what_is_left_is_cancelled(asked: dict[str, Any], tmp_path: Path) -> None:
    executor = Slurm(tmp_path, {})

    def interrupt(running: Sequence[Job]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(run_on(executor, [job(tmp_path, "a"), job(tmp_path, "b")], interrupt))
    assert len(asked["scancel"]) == 2  # before and after
    assert not asked["queue"]
    assert not executor.left()


def test_what_sbatch_refuses_is_said(asked: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from submitit.core.utils import FailedJobError

    def refuse(self: Any) -> str:
        raise FailedJobError("trace\nsbatch: error: invalid partition specified: huge\n")

    monkeypatch.setattr("submitit.core.utils.CommandFunction.__call__", refuse)
    with pytest.raises(UserError, match="sbatch refused: sbatch: error: invalid partition specified: huge"):
        Slurm(tmp_path, {"partition": "huge"}).submit([job(tmp_path, "a")])
