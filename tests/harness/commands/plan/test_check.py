from __future__ import annotations

from pathlib import Path

from rlvr_bench.harness.commands.plan.check import page, publish
from tests.harness.planner.test_check import RECORDS

NAMED = {f"ppo {name}": record for name, record in RECORDS.items()}


def test_the_worst_under_prediction_comes_first() -> None:
    text = page(NAMED)
    assert "| peak of a run | 2 | 7.50% | 5.00% | 10.00% |" in text
    assert text.index("| ppo a | rollout | 90 B | 100 B | -10.00% |") < text.index("| ppo b |")


def test_the_same_records_give_the_same_files(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        publish(NAMED, tmp_path / name)
    files = sorted(p.name for p in (tmp_path / "first").iterdir())
    assert files == ["errors.md", "predicted-measured.pdf", "predicted-measured.svg"]
    for name in files:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
