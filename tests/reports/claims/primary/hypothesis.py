"""A hypothesis on the synthetic study, and what is found of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rlvr_bench.harness.records import Hypothesis
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.claims.study import findings
from rlvr_bench.reports.load import load
from tests.reports import synthetic
from tests.reports.synthetic import CELLS, LEARNING, Spec

SIX = replace(LEARNING, seeds=tuple(range(6)))
SAME = Hypothesis(
    id="accuracy.final",
    text="GRPO and PPO end within 2 points.",
    part="learning",
    measure="pass@1",
    cells=("grpo", "ppo"),
    scale="difference",
    test="equivalent",
    margin=0.02,
    window=4,
    n=6,
)
COST = replace(
    SAME, id="cost.step", text="A step of GRPO takes less time than one of PPO.", measure="step_seconds", scale="ratio",
    test="less", margin=1.0,
)  # fmt: skip


def primary(folder: Path, *hypotheses: Hypothesis, cells: tuple[Spec, ...] = CELLS, **changes: Any) -> list[Finding]:
    """The primary findings of a study of six seeds."""
    parts = changes.pop("parts", [SIX])
    written = synthetic.write(folder, cells, parts, **({"steps": 8, "hypotheses": hypotheses} | changes))
    return [f for f in findings(load(written)) if f.primary]
