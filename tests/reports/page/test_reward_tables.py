"""The tables of rewards: what they show, and that a study of the verifier alone has none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import load
from rlvr_bench.reports.page import reward_tables
from tests.reports import synthetic
from tests.reports.decimals import close
from tests.reports.hacking import BASE, FEW, HACKING, MANY
from tests.reports.synthetic import CELLS, LEARNING


def test_tables(tmp_path: Path) -> None:
    part = replace(LEARNING, seeds=(0, 1, 2, 3))
    cells = load(synthetic.write(tmp_path / "hacking", HACKING, [part], steps=8)).cells(part)
    models = reward_tables.models_table(part, cells)
    assert [row[1:3] for row in models.rows] == [(str(MANY), "200"), (str(FEW), "200")]
    assert models.rows[0][3:] == ("0.850 [0.794, 0.893]", "0.075", "0.500")
    ends = reward_tables.ends_table(part, cells)
    assert [row[0] for row in ends.rows] == [c.label for c in cells]
    assert ends.rows[0][2:5] == ("—", "—", "—")  # the verifier has no proxy
    assert "—" not in ends.rows[2]
    csv = reward_tables.ends_csv(part, cells).splitlines()
    assert len(csv) == 9
    assert "gap,gap_low,gap_high,gap_n,gap_method" in csv[0]
    assert csv[0].endswith("peak_distance_first_half,peak_distance_second_half,peak_in_sample")
    line = reward_tables.models_csv(part, cells).splitlines()[1].split(",")
    close([float(x) for x in line[-6:]], [200, 0.85, 0.7939, 0.8929, 0.075, BASE], places=3)


def test_studies_of_the_verifier_alone_have_neither_table(tmp_path: Path) -> None:
    cells = load(synthetic.write(tmp_path, CELLS[1:], [LEARNING], steps=6)).cells(LEARNING)
    assert reward_tables.models_table(LEARNING, cells).rows == reward_tables.ends_table(LEARNING, cells).rows == ()
