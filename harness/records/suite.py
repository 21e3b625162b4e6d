"""What a results folder was planned to hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from rlvr_bench.harness.records.files import RecordError, canonical_json, hash_of
from rlvr_bench.harness.records.run import SCHEMA

Measure = Literal[
    "pass@1",
    "greedy",
    "check_share",
    "length",
    "wrong_length",
    "step_seconds",
    "peak_bytes",
    "state_bytes",
    "comm_bytes",
    "target_seconds",
    "target_samples",
    "target_flops",
    "near_best",
    "pass@8",
    "pass@64",
    "pass@256",
    "maj@64",
]
"""What a hypothesis is about, one number a run:

pass@1          mean of eval/pass@1 over the evaluations of the window
greedy          mean of eval/greedy over the evaluations of the window
check_share     mean of eval/check_fraction, likewise
length          mean of eval/length_mean, likewise, tokens
wrong_length    mean of eval/length_wrong_mean, likewise, tokens
step_seconds    median of cost/seconds over the steps of the window, seconds
peak_bytes      largest cost/memory/device_peak of any phase of a step, evaluation and checkpoint left out, bytes;
                its largest value in the window
state_bytes     weights, gradients, optimizer states and buffers of all roles together, bytes; no window
comm_bytes      mean of cost/communication/sent over the steps of the window, bytes
target_seconds  cost/seconds added up to the first evaluation in which the report's target accuracy is reached
target_samples  cost/samples, likewise
target_flops    cost/flops, likewise
near_best       of a random search, not of a run: share of its trials whose final pass@1 on the validation split is at
                least .9 of the best that either of the two searches found
pass@8, pass@64, pass@256, maj@64
                of the policy after the last step, `measure.many_items`: many.jsonl.gz; no window
"""
FROM_MANY: tuple[Measure, ...] = ("pass@8", "pass@64", "pass@256", "maj@64")
FROM_SEARCHES: tuple[Measure, ...] = ("near_best",)


@dataclass(frozen=True)
class PlannedRun:
    """A cell with a seed, and where its records are."""

    part: str
    cell: str
    seed: int
    folder: str  # relative to the results folder
    config_hash: str  # of its settings and of what it depends on besides them
    steps: int = 0
    grows_hash: str = ""  # the hash that it has whatever its number of steps is

    def grows_from(self, described: Mapping[str, Any]) -> bool:
        """Whether a run's config.json describes this run with fewer steps: the study has grown since."""
        config, inputs = described.get("config"), described.get("inputs")
        if not self.grows_hash or not config:
            return False
        config = {**config, "train": {**config["train"], "steps": 1}}
        return self.grows_hash == hash_of(config | ({"inputs": inputs} if inputs else {}))


@dataclass(frozen=True)
class PartInfo:
    """A part of a suite: what is studied in it."""

    name: str
    kind: Literal["learning", "systems", "search"]  # search: trials of settings, evaluated on the validation split
    title: str
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class CellInfo:
    """A configuration, as reports call it."""

    name: str
    label: str
    search: str = ""  # that it is a trial of; trials of one search differ in what was drawn for them


@dataclass(frozen=True)
class Hypothesis:
    """A proposition that is to be judged, written down before the runs.

    The effect is A less B (`difference`) or A / B (`ratio`), of two cells paired by seed.
    """

    id: str  # two words with a dot between, as in accuracy.final
    text: str  # the proposition, as a sentence
    part: str
    measure: Measure
    cells: tuple[str, str]  # A and B; names of searches where the measure is of one
    scale: Literal["difference", "ratio"]
    test: Literal["greater", "less", "equivalent"]
    margin: float
    """`greater`: the effect exceeds margin; `less`: it is below -margin.  As a ratio: above or below margin itself.
    `equivalent`: it lies within -margin and margin, as a ratio within 1 / margin and margin.  In the measure's unit."""
    window: int  # the last that many steps are measured
    n: int  # planned pairs, one a seed; trials of each search


def hypotheses_hash(hypotheses: Sequence[Hypothesis]) -> str:
    """SHA-256 of their canonical JSON, in hexadecimal; "" where there are none."""
    if not hypotheses:
        return ""
    return hashlib.sha256(canonical_json([asdict(one) for one in hypotheses]).encode()).hexdigest()


@dataclass(frozen=True)
class SuiteManifest:
    """What a results folder was planned to hold."""

    name: str
    title: str
    command: str  # regenerates this folder
    version: str  # of rlvr-bench
    created_at: str
    parts: tuple[PartInfo, ...]
    cells: tuple[CellInfo, ...]
    runs: tuple[PlannedRun, ...]  # in the order in which they were run
    notes: tuple[str, ...] = ()  # what the suite's author says about it, shown on the page
    hypotheses: tuple[Hypothesis, ...] = ()  # of these parts; none in folders from before there were any
    hypotheses_hash: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)  # digests of what the runs depend on besides settings
    schema: int = SCHEMA

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SuiteManifest:
        """Raises RecordError where the hypotheses are not those that were planned."""
        data = dict(data)
        data["hypotheses"] = tuple(Hypothesis(**{**h, "cells": tuple(h["cells"])}) for h in data.get("hypotheses", ()))
        if hypotheses_hash(data["hypotheses"]) != data.get("hypotheses_hash", ""):
            raise RecordError("suite.json: hypotheses_hash is not theirs; restore the file, or do the suite again")
        data["parts"] = tuple(PartInfo(**{**p, "seeds": tuple(p["seeds"])}) for p in data["parts"])
        data["cells"] = tuple(CellInfo(**c) for c in data["cells"])
        data["runs"] = tuple(PlannedRun(**r) for r in data["runs"])
        data["notes"] = tuple(data["notes"])
        return cls(**data)
