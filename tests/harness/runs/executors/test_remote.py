"""What a job finds on another machine, and what is told of it."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from rlvr_bench.harness.config.suite_file import RunPlan
from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.records import only_writer
from rlvr_bench.harness.runs import suite
from rlvr_bench.harness.runs.executors import remote
from rlvr_bench.harness.runs.executors.remote import Place, here, in_progress, lost, run_there, told
from rlvr_bench.harness.runs.jobs import Ending
from tests.harness.runs.executors.jobs import job
from tests.harness.small_runs import config


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Of a machine with a module `scripted`; its working directory and variables are another's afterwards."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules/scripted.py").write_text(
        "import os, sys\nprint(os.getcwd(), os.environ['RLVR_BENCH_CACHE'], os.environ['HF_HOME'])\nsys.exit(3)\n"
    )
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    monkeypatch.setenv("RLVR_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", "/models")
    monkeypatch.chdir(tmp_path)
    found = here()
    for name in ("PYTHONPATH", "RLVR_BENCH_CACHE", "HF_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path / "elsewhere")
    return found


def test_a_job_has_the_folder_the_cache_and_the_variables_of_where_it_was_sent_from(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in place.variables:
        monkeypatch.setenv(name, "to be set")  # and put back after the test
    ending = run_there(job(tmp_path / "out", "a"), place)
    assert (ending.code, ending.refused) == (3, "")
    assert (tmp_path / "out/part/a/seed-1/run.log").read_text() == f"{tmp_path} {tmp_path}/cache /models\n"


def test_folders_that_a_machine_does_not_see_are_named(place: Place, tmp_path: Path) -> None:
    os.rmdir(tmp_path / "cache")
    ending = run_there(job(tmp_path / "gone", "a"), place)
    assert f"does not see the results folder {tmp_path}/gone or the cache {tmp_path}/cache" in ending.refused
    assert "file system that all machines share" in ending.refused
    assert not (tmp_path / "gone").exists()


def test_why_a_job_cannot_begin_is_told(place: Place, tmp_path: Path) -> None:
    assert run_there(job(tmp_path / "out", "a", before=refuse), place).refused == "not today"


def refuse() -> None:
    raise UserError("not today")


def test_a_run_can_be_sent(tmp_path: Path) -> None:
    """Its job goes through pickle, with its plan and with what makes its folder."""
    plan = RunPlan("p", "a", config(), 60.0, inputs={"code": "1"})
    sent = pickle.loads(pickle.dumps(suite._job(tmp_path, plan)))
    assert sent.name == plan
    assert isinstance(sent.before, partial)
    sent.before()
    assert (tmp_path / "p/a/seed-1/config.json").exists()


def test_what_is_told_is_of_the_job_that_the_suite_knows(tmp_path: Path) -> None:
    mine = job(tmp_path, "a")
    ending = Ending(replace(mine, name="copy"), 1, False, 5.0)
    assert told(mine, ending) == replace(ending, job=mine)


def test_a_lost_job_is_waited_for_while_its_run_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = job(tmp_path, "a"), job(tmp_path, "b")
    folder = mine.log.parent
    folder.mkdir(parents=True)
    naps: list[float] = []
    with only_writer(folder) as _:
        assert in_progress([mine, other]) == [mine]
        monkeypatch.setattr(remote.time, "sleep", naps.append)
        monkeypatch.setattr(remote, "GRACE_SECONDS", 0.05)
        assert lost(mine, "gone").lost == "gone"
    assert naps
    naps.clear()
    lost(mine, "gone")
    assert naps == []
