"""What was exchanged is read from the steps after warm-up, phase by phase, and held against the plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import Cell, load
from rlvr_bench.reports.measures.costs.communication import exchanges, predicted_sent, sent_by_phase, sent_in
from tests.reports import synthetic
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS, LEARNING, Spec

NAMES = ("cost/communication/calls", "cost/communication/bytes")


def exchanging(folder: Path) -> Cell:
    """From the second step on: 3 gathers a rollout, and sums of the critic's gradient in odd steps only."""

    def row(cell: Spec, seed: int, step: int) -> dict[str, float]:
        found = {"cost/communication/sent": 1e9 if step <= 1 else 100.0 * step}
        for name, value in zip(NAMES, (3.0, 50.0), strict=True):
            found[f"{name}/gather/all_gather"] = value
            if step % 2:
                found[f"{name}/update_critic/all_reduce"] = 2 * value
        return found | {"cost/communication/calls/evaluate/all_gather": 7.0}

    part = replace(LEARNING, seeds=(0,))
    study = load(synthetic.write(folder, (CELLS[0],), [part], steps=6, row=row))
    (cell,) = study.cells(study.manifest.parts[0])
    return cell


def test_exchanges_are_means_over_steps(tmp_path: Path) -> None:
    cell = exchanging(tmp_path)
    steps = [row["step"] for row in cell.finished[0].metrics if row["step"] > 1]
    odd = sum(step % 2 for step in steps) / len(steps)
    gather, critic = exchanges(cell)  # no evaluation
    assert (gather.phase, gather.operation, gather.calls, gather.bytes) == ("gather", "all_gather", 3.0, 50.0)
    assert (critic.phase, critic.operation) == ("update_critic", "all_reduce")
    assert abs(critic.calls - 6 * odd) < 1e-9 and abs(critic.bytes - 100 * odd) < 1e-9
    assert sent_in(cell.finished[0]) == [100.0 * step for step in steps]


def test_predicted_beside_counted(tmp_path: Path) -> None:
    cell = exchanging(tmp_path)
    assert predicted_sent([cell]) == [], "nothing was predicted"
    runs = tuple(
        replace(run, summary=replace(run.summary, planned_sent=550.0)) if run.summary else run for run in cell.runs
    )
    sent = sent_in(cell.finished[0])
    ((_, told, counted),) = predicted_sent([replace(cell, runs=runs)])
    assert (told, counted) == (550.0, sum(sent) / len(sent))


def test_one_process_exchanges_nothing(tmp_path: Path) -> None:
    (cell,) = cells_of(tmp_path, CELLS[0])
    assert exchanges(cell) == [] and predicted_sent([cell]) == []


def test_phases_share_what_was_sent(tmp_path: Path) -> None:
    """In odd steps 50 gathered and 100 summed, which goes round twice: a fifth and four fifths; in even ones all."""
    run = exchanging(tmp_path).finished[0]
    sent = sent_in(run)
    found = sent_by_phase(run)
    assert list(found) == ["gather", "update_critic"]
    assert abs(sum(found.values()) - sum(sent) / len(sent)) < 1e-9
    steps = [row["step"] for row in run.metrics if row["step"] > 1]
    assert abs(found["update_critic"] - sum(80.0 * s for s in steps if s % 2) / len(steps)) < 1e-9
    assert sent_by_phase(cells_of(tmp_path / "alone", CELLS[0])[0].finished[0]) == {}
