"""What was planned comes back as it was written, its hypotheses unchanged."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.harness.records import (
    CellInfo,
    Hypothesis,
    PartInfo,
    PlannedRun,
    RecordError,
    SuiteManifest,
    hypotheses_hash,
    read_json,
    write_json,
)

PAIR = Hypothesis(
    id="accuracy.final",
    text="GRPO ends as accurate as PPO.",
    part="p",
    measure="pass@1",
    cells=("a", "b"),
    scale="difference",
    test="equivalent",
    margin=0.02,
    window=20,
    n=10,
)
PLANNED = SuiteManifest(
    name="n",
    title="t",
    command="cmd",
    version="0",
    created_at="now",
    parts=(PartInfo("p", "learning", "P", (2, 1)),),
    cells=(CellInfo("a", "A"), CellInfo("b", "B")),
    runs=(PlannedRun("p", "a", 2, "p/a/seed-2", "abc"),),
    notes=("note",),
)
STUDIES = sorted((Path(__file__).parents[3] / "results").glob("*/suite.json"))


@pytest.mark.parametrize("hypotheses", [(), (PAIR, replace(PAIR, id="accuracy.greedy", measure="greedy"))])
def test_manifest_round_trip(hypotheses: tuple[Hypothesis, ...], tmp_path: Path) -> None:
    suite = replace(PLANNED, hypotheses=hypotheses, hypotheses_hash=hypotheses_hash(hypotheses))
    write_json(tmp_path / "suite.json", suite)
    assert SuiteManifest.from_json(read_json(tmp_path / "suite.json")) == suite


def test_the_hash_is_that_of_the_canonical_text() -> None:
    text = (
        '[{"cells":["a","b"],"id":"accuracy.final","margin":0.02,"measure":"pass@1","n":10,"part":"p",'
        '"scale":"difference","test":"equivalent","text":"GRPO ends as accurate as PPO.","window":20}]'
    )
    assert hypotheses_hash([PAIR]) == hashlib.sha256(text.encode()).hexdigest()
    assert hypotheses_hash([]) == ""


@pytest.mark.parametrize("changed", [{"margin": 0.05}, {"test": "less"}, {"cells": ["b", "a"]}])
def test_hypotheses_that_were_changed_afterwards_are_refused(changed: dict[str, object], tmp_path: Path) -> None:
    suite = replace(PLANNED, hypotheses=(PAIR,), hypotheses_hash=hypotheses_hash([PAIR]))
    write_json(tmp_path / "suite.json", suite)
    data = read_json(tmp_path / "suite.json")
    data["hypotheses"][0] |= changed
    with pytest.raises(RecordError, match="hypotheses_hash is not theirs"):
        SuiteManifest.from_json(data)


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.parent.name)
def test_folders_from_before_there_were_hypotheses_still_load(path: Path) -> None:
    data = {name: value for name, value in read_json(path).items() if not name.startswith("hypotheses")}
    manifest = SuiteManifest.from_json(data)
    assert manifest.runs and (manifest.hypotheses, manifest.hypotheses_hash) == ((), "")
