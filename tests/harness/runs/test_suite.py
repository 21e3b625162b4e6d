"""Running a suite: fresh processes, failures recorded, nothing done twice.  Children are stand-ins here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.hypotheses import HypothesisTable
from rlvr_bench.harness.config.load import config_hash
from rlvr_bench.harness.config.suite_file import Cell, Part, RunPlan, SuiteFile
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import (
    CellInfo,
    Locked,
    PartInfo,
    SuiteManifest,
    Summary,
    only_writer,
    read_json,
    write_json,
)
from rlvr_bench.harness.runs import children, suite
from rlvr_bench.harness.runs.suite import RunEnd, manifest, prepare_folder, run_suite
from tests.harness.small_runs import config

FINISH = """
import sys, pathlib
from rlvr_bench.harness.records import RunLogs, Summary, read_json, write_json
folder, part, cell, how = sys.argv[1:]
folder = pathlib.Path(folder)
RunLogs(folder).step(1, {})
digest = read_json(folder / "config.json")["hash"]
write_json(folder / "summary.json", Summary("completed", how, part, cell, 1, digest, "t", 1.0, 1))
"""
Child = Callable[..., list[RunEnd]]


def planned(*cells: str, timeout_s: float = 60.0) -> list[RunPlan]:
    return [RunPlan("p", cell, config(), timeout_s) for cell in cells]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    """Run a suite whose children are these scripts, by cell; a cell without one finishes at once."""
    real = subprocess.Popen

    def play(runs: list[RunPlan], *, jobs: int = 1, **scripts: str) -> list[RunEnd]:
        def popen(command: list[str], **options: Any) -> Any:
            assert command[:4] == [sys.executable, "-P", "-m", "rlvr_bench.harness.runs.process"]
            return real([sys.executable, "-c", scripts.get(command[-2], FINISH), *command[4:]], **options)

        ended: list[RunEnd] = []
        monkeypatch.setattr(children.subprocess, "Popen", popen)
        run_suite(tmp_path / "out", runs, jobs=jobs, watch=lambda running: None, done=ended.append)
        return ended

    return play


def ends(ended: list[RunEnd]) -> list[tuple[str, str, bool]]:
    return [(e.run.cell, e.status, e.skipped) for e in ended]


@pytest.mark.parametrize(
    ("script", "status", "reason"),
    [
        ("import os; os.kill(os.getpid(), 9)", "killed", "ended by signal 9"),
        ("import os; os.kill(os.getpid(), 15)", "killed", "ended by signal 15"),
        ("print('words'); raise SystemExit(3)", "failed", "exit status 3 without a summary; see run.log"),
        ("import time; time.sleep(60)", "timeout", "not done after 0 minutes, the part's timeout_minutes"),
    ],
)
def test_a_child_that_dies_is_recorded_and_the_others_go_on(
    script: str, status: str, reason: str, play: Child, tmp_path: Path
) -> None:
    runs = planned("a", "bad", "c", timeout_s=0.6 if status == "timeout" else 60.0)
    runs = [RunPlan(r.part, r.cell, r.config, r.timeout_s if r.cell == "bad" else 60.0) for r in runs]
    ended = play(runs, bad=script)
    assert ends(ended) == [("a", "completed", False), ("bad", status, False), ("c", "completed", False)]
    summary = Summary.from_json(read_json(tmp_path / "out/p/bad/seed-1/summary.json"))
    assert (summary.status, summary.cell, summary.part, summary.seed) == (status, "bad", "p", 1)
    assert summary.reason.startswith(reason)
    if status == "failed":
        assert (tmp_path / "out/p/bad/seed-1/run.log").read_text() == "words\n"


def test_runs_side_by_side_and_runs_alone_both_end(play: Child) -> None:
    shared = [RunPlan("p", cell, config(), 60.0, alone=False) for cell in "abc"]
    ended = play([*shared, *planned("d")], jobs=2)
    assert sorted(ends(ended)[:3]) == [(cell, "completed", False) for cell in "abc"]
    assert ends(ended)[3:] == [("d", "completed", False)]


def test_resuming_skips_what_is_final_and_runs_the_rest_again(play: Child, tmp_path: Path) -> None:
    assert ends(play(planned("a", "b"), b="raise SystemExit(1)")) == [("a", "completed", False), ("b", "failed", False)]
    assert ends(play(planned("a", "b"))) == [("a", "completed", True), ("b", "completed", False)]
    aside = tmp_path / "out/p/b/seed-1.try-1/summary.json"
    assert read_json(aside)["status"] == "failed"
    assert ends(play(planned("a", "b"))) == [("a", "completed", True), ("b", "completed", True)]


@pytest.mark.parametrize(
    ("status", "skipped"), [("diverged", True), ("oom", True), ("running", False), ("killed", False)]
)
def test_divergence_and_lack_of_memory_are_results(status: Any, skipped: bool, play: Child, tmp_path: Path) -> None:
    folder = tmp_path / "out/p/a/seed-1"
    folder.mkdir(parents=True)
    write_json(folder / "summary.json", Summary(status, "", "p", "a", 1, config_hash(config()), "t", 1.0, 1))
    assert [e.skipped for e in play(planned("a"))] == [skipped]


def test_base_models_are_measured_before_the_first_run_also_of_finished_ones(
    play: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[list[str], bool]] = []

    def measured(out: Path, runs: Sequence[RunPlan], slots: Any, *, notice: Any) -> None:
        seen.append(([run.cell for run in runs], (out / "p/b").exists()))

    monkeypatch.setattr(suite, "measure_base_models", measured)
    play(planned("a"))
    play(planned("a", "b"))
    assert seen == [(["a"], False), (["a", "b"], False)]


SUITE = SuiteFile(
    name="s",
    title="S",
    parts={"p": Part("learning", "P", [1])},
    cells={"a": Cell("A"), "unused": Cell("U"), "b": Cell("B")},
    notes=["a note"],
)


def test_the_manifest_says_what_is_run() -> None:
    made = manifest(SUITE, planned("b", "a"), command="rlvr-bench run s", version="0")
    assert made.parts == (PartInfo("p", "learning", "P", (1,)),)
    assert made.cells == (CellInfo("a", "A"), CellInfo("b", "B"))
    assert [r.folder for r in made.runs] == ["p/b/seed-1", "p/a/seed-1"]
    assert made.notes == ("a note",)


def test_a_folder_belongs_to_one_suite(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ours, other = (manifest(SUITE, planned(c), command="c", version="0") for c in "ab")
    prepare_folder(out, ours, resume=False)
    with pytest.raises(ConfigError, match="holds a suite already; add --resume"):
        prepare_folder(out, ours, resume=False)
    prepare_folder(out, ours, resume=True)
    with pytest.raises(ConfigError, match="holds runs that are not planned any more, as p/a/seed-1"):
        prepare_folder(out, other, resume=True)


def hypothesis(**changed: Any) -> HypothesisTable:
    fields: dict[str, Any] = {
        "id": "accuracy.final",
        "text": "A is more accurate.",
        "part": "p",
        "measure": "pass@1",
        "cells": ("a", "b"),
        "scale": "difference",
        "test": "greater",
        "margin": 0.0,
        "window": 2,
        "n": 2,
    }
    return HypothesisTable(**(fields | changed))


def planned_with(*hypotheses: HypothesisTable) -> SuiteManifest:
    changed = replace(SUITE, hypotheses=list(hypotheses))
    return manifest(changed, planned("a", "b"), command="c", version="0")


def test_the_manifest_holds_the_hypotheses_of_its_parts_with_their_hash() -> None:
    made = planned_with(hypothesis(), hypothesis(id="speed.step", part="other"))
    assert [h.id for h in made.hypotheses] == ["accuracy.final"]
    assert len(made.hypotheses_hash) == 64
    assert planned_with().hypotheses_hash == ""
    hashes = {planned_with(hypothesis(**c)).hypotheses_hash for c in ({}, {"margin": 0.1}, {"text": "x"}, {"n": 3})}
    assert len(hashes) == 4


@pytest.mark.parametrize("now", [[], [hypothesis(margin=0.01)], [hypothesis(), hypothesis(id="accuracy.other")]])
def test_a_folder_is_not_resumed_with_other_hypotheses(now: list[HypothesisTable], tmp_path: Path) -> None:
    out = tmp_path / "out"
    prepare_folder(out, planned_with(hypothesis()), resume=False)
    prepare_folder(out, planned_with(hypothesis()), resume=True)
    before = (out / "suite.json").read_bytes()
    with pytest.raises(ConfigError, match="was planned with other hypotheses than the suite file has now"):
        prepare_folder(out, planned_with(*now), resume=True)
    assert (out / "suite.json").read_bytes() == before


def test_a_folder_from_before_there_were_hypotheses_gets_none_by_resuming(tmp_path: Path) -> None:
    out = tmp_path / "out"
    prepare_folder(out, planned_with(), resume=False)
    data = {key: value for key, value in read_json(out / "suite.json").items() if not key.startswith("hypotheses")}
    write_json(out / "suite.json", data)
    prepare_folder(out, planned_with(), resume=True)
    with pytest.raises(ConfigError, match="with other hypotheses"):
        prepare_folder(out, planned_with(hypothesis()), resume=True)


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ConfigError, match="is not empty and not a results folder"):
        prepare_folder(tmp_path, manifest(SUITE, planned("a"), command="c", version="0"), resume=False)


def grown(*cells: str, steps: int = 2, inputs: Any = None, seeds: Sequence[int] = (1,), lr: float = 1e-3) -> Any:
    settings = [config(train={"steps": steps, "lr": lr}, seed=seed) for seed in seeds]
    runs = [RunPlan("p", cell, one, 60.0, inputs=inputs or {"model m": "1"}) for cell in cells for one in settings]
    return manifest(replace(SUITE, cells={cell: Cell(cell) for cell in "abc"}), runs, command="c", version="0")


def test_a_study_may_grow_by_cells_seeds_and_steps(tmp_path: Path) -> None:
    out = tmp_path / "out"
    prepare_folder(out, grown("a", "b"), resume=False)
    created = read_json(out / "suite.json")["created_at"]
    more = grown("a", "b", "c", steps=5, seeds=(1, 2))
    prepare_folder(out, more, resume=True)
    there = SuiteManifest.from_json(read_json(out / "suite.json"))
    assert (there.runs, there.created_at) == (more.runs, created)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ({"cells": "a"}, "holds runs that are not planned any more, as p/b/seed-1 and 0 more"),
        ({"steps": 1}, "holds other settings, as p/a/seed-1 and 1 more"),
        ({"lr": 0.5}, "holds other settings, as p/a/seed-1 and 1 more"),
        ({"inputs": {"model m": "2"}}, "since the study began, this changed: model m; put it back"),
    ],
    ids=["fewer cells", "fewer steps", "another rate", "another model"],
)
def test_what_is_no_growth_is_refused_and_changes_nothing(now: dict[str, Any], why: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    prepare_folder(out, grown("a", "b"), resume=False)
    before = (out / "suite.json").read_bytes()
    with pytest.raises(ConfigError, match=why):
        prepare_folder(out, grown(*now.pop("cells", "ab"), **now), resume=True)
    assert (out / "suite.json").read_bytes() == before


def test_there_may_be_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is nothing to resume; leave --resume out"):
        prepare_folder(tmp_path / "new", grown("a"), resume=True)
    assert not (tmp_path / "new").exists()


def test_inputs_that_differ_between_parts_are_named_with_them() -> None:
    found = [{"code": "1", "items": digest} for digest in "abb"]
    runs = [RunPlan(part, "a", config(), 60.0, inputs=one) for part, one in zip("pqr", found, strict=True)]
    assert suite._inputs(runs) == {"code": "1", "items (p)": "a", "items (q)": "b", "items (r)": "b"}


def test_a_longer_run_is_done_again_and_an_equal_one_is_not(play: Child) -> None:
    assert ends(play(planned("a"))) == [("a", "completed", False)]
    longer = [RunPlan("p", "a", config(train={"steps": 9}), 60.0)]
    assert ends(play(longer)) == [("a", "completed", False)]
    assert ends(play(longer)) == [("a", "completed", True)]


def test_a_run_that_has_a_checkpoint_goes_on_from_it(
    play: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(planned("a", "b"), a="raise SystemExit(1)", b="raise SystemExit(1)")
    monkeypatch.setattr(suite.checkpoint, "latest", lambda folder: folder if "/a/" in str(folder) else None)
    assert [(e.run.cell, e.reason) for e in play(planned("a", "b"))] == [("a", "resume"), ("b", "new")]
    assert [path.name for path in (tmp_path / "out/p/a").iterdir()] == ["seed-1"]


def test_a_folder_that_is_being_written_is_left_alone(play: Child, tmp_path: Path) -> None:
    play(planned("a"), a="raise SystemExit(1)")
    folder = tmp_path / "out/p/a/seed-1"
    with only_writer(folder), pytest.raises(Locked, match="another process writes to it; wait for it to end"):
        play(planned("a"))
    assert folder.exists()
