"""What a results folder is planned to hold, and which folder may be gone on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.hypotheses import HypothesisTable
from rlvr_bench.harness.config.suite_file import Cell, Part, RunPlan, SuiteFile
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import CellInfo, PartInfo, SuiteManifest, read_json, write_json
from rlvr_bench.harness.runs import planned as plans
from rlvr_bench.harness.runs.planned import manifest, prepare_folder
from tests.harness.small_runs import config


def planned(*cells: str, part: str = "p") -> list[RunPlan]:
    return [RunPlan(part, cell, config(), 60.0) for cell in cells]


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


def test_a_further_part_brings_its_hypotheses(tmp_path: Path) -> None:
    """Named before any run of that part; with them those of the parts that are there cannot change."""
    out = tmp_path / "out"
    prepare_folder(out, planned_with(hypothesis()), resume=False)
    runs, added = [*planned("a", "b"), *planned("a", part="other")], hypothesis(id="speed.step", part="other")

    def grown(*hypotheses: HypothesisTable) -> SuiteManifest:
        parts = {**SUITE.parts, "other": Part("learning", "O", [1])}
        return manifest(replace(SUITE, parts=parts, hypotheses=list(hypotheses)), runs, command="c", version="0")

    with pytest.raises(ConfigError, match="with other hypotheses"):
        prepare_folder(out, grown(hypothesis(margin=0.01), added), resume=True)
    prepare_folder(out, grown(hypothesis(), added), resume=True)
    there = SuiteManifest.from_json(read_json(out / "suite.json"))
    assert [h.id for h in there.hypotheses] == ["accuracy.final", "speed.step"]
    with pytest.raises(ConfigError, match="with other hypotheses"):
        prepare_folder(out, grown(hypothesis()), resume=True)


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
    assert plans._inputs(runs) == {"code": "1", "items (p)": "a", "items (q)": "b", "items (r)": "b"}
