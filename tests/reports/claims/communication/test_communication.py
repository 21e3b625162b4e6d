"""Findings on communication: counted bytes that flip, exact ones that are not tested, and runs of one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench.reports.claims.finding import Finding
from tests.reports.decimals import close
from tests.reports.judge import judge
from tests.reports.synthetic import CELLS, SYSTEMS, Spec

FOUR, MATCHED = "communication.bytes.four-model", "communication.bytes.matched"


def sending(folder: Path, grpo: float, spread: float) -> dict[str, Finding]:
    """PPO sends 1000 and 900 bytes a step, GRPO as given; the first step, of warm-up, is unlike the others."""
    sizes = {"ppo-rm": 1000.0, "ppo": 900.0, "grpo": grpo}

    def row(cell: Spec, seed: int, step: int) -> dict[str, float]:
        more = spread * (1 + seed) * step * (cell.name == "grpo")
        return {"cost/communication/sent": 5e6 if step <= 1 else sizes[cell.name] + more}

    return judge(folder, *CELLS, parts=[SYSTEMS], row=row)


@pytest.mark.parametrize(
    ("grpo", "spread", "conclusion"), [(500, 0.1, "supported"), (800, 0.1, "refuted"), (600, 10, "inconclusive")]
)
def test_it_comes_out_every_way(tmp_path: Path, grpo: float, spread: float, conclusion: str) -> None:
    found = sending(tmp_path, grpo, spread)
    assert found[MATCHED].conclusion == conclusion
    assert "at least 30 % fewer bytes a step than with PPO with the same reward source" in found[MATCHED].claim
    means = [grpo + spread * (1 + seed) * 5 for seed in range(3)]  # steps 2 to 8
    close(found[MATCHED].estimate.value, (means[0] * means[1] * means[2]) ** (1 / 3) / 900)
    close(found[FOUR].estimate.value, (means[0] * means[1] * means[2]) ** (1 / 3) / 1000)


def test_what_is_the_same_in_every_step_is_arithmetic(tmp_path: Path) -> None:
    found = sending(tmp_path, 450, 0)
    assert [found[i].conclusion for i in (FOUR, MATCHED)] == ["arithmetic"] * 2
    close(found[MATCHED].estimate.value, 0.5)
    assert "50.0 % fewer (exact): 450 B against 900 B" in found[MATCHED].sentence
    assert "communication.bytes" not in found  # which says that no run has counted them


def test_one_process_sends_nothing_to_judge(found: dict[str, Finding]) -> None:
    assert not {FOUR, MATCHED} & found.keys()
    assert found["communication.bytes"].conclusion == "not tested"
