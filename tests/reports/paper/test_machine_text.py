"""Where and how long a study ran, in sentences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import load
from rlvr_bench.reports.paper.machine_text import machines, reproduction, time_taken
from tests.reports import synthetic
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS


def test_one_machine_is_one_sentence(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, CELLS[2:], steps=2))
    assert machines(study) == [
        "All runs were made on 1 x Test GPU, a processor Test CPU, 8.00 GiB of memory, driver 1.2, 2 threads a run, "
        "Linux, python 3.11.7, torch 2.8.0."
    ]


def test_parts_on_other_machines_are_told_apart(tmp_path: Path) -> None:
    def environment(part, cell, seed) -> dict:
        return {"cpu": {"model": part.name.upper(), "logical": 4}, "threads": 1, "gpus": []}

    study = load(synthetic.write(tmp_path, CELLS[2:], [LEARNING, SYSTEMS], environment=environment, steps=2))
    assert machines(study) == [
        "learning: a processor LEARNING, 4 logical processors, 1 thread a run.",
        "systems: a processor SYSTEMS, 4 logical processors, 1 thread a run.",
    ]


def test_time_and_failures(tmp_path: Path) -> None:
    cells = [replace(CELLS[1], status={0: "oom", 1: "missing"}), CELLS[2]]
    # Five runs of 42 s: 210 s are 0.0583 h.
    assert time_taken(load(synthetic.write(tmp_path, cells, [LEARNING], steps=2))) == [
        "4 of 6 planned runs finished.",
        "Others: not run 1, oom 1.",
        "Added up they took 0.0583 hours of wall clock, a run 0.700 minutes (median); the study was begun on "
        "2026-01-02.",
    ]


def test_how_to_do_it_again_without_the_paths_of_this_machine(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, CELLS[2:], [LEARNING], steps=2, command="rlvr-bench run /home/me/x.toml"))
    assert reproduction(study)[:2] == ["The study was made with rlvr-bench 0.1.0.", "Command: rlvr-bench run …/x.toml."]
    assert reproduction(study)[2:] == ["", ""]
