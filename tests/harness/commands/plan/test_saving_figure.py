from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlvr_bench.harness.commands.plan import saving_figure
from rlvr_bench.harness.commands.plan.saving import COMPLETIONS, MODELS, WAYS, Saving
from rlvr_bench.harness.commands.plan.saving_figure import MEASURED, main, savings
from rlvr_bench.reports.figures.style import INCHES, styled

ROOT = Path(__file__).parents[4]


def test_a_line_for_each_way_in_each_panel() -> None:
    held = {"update_actor": 100, "states": 10}
    found = [
        Saving(way, "m", n, tokens, held, {"update_actor": 100 - 10 * i, "states": 5})
        for i, way in enumerate(WAYS)
        for n in (10**9, 10**10)
        for tokens in COMPLETIONS
    ]
    with styled():
        figure = savings(found, [(10**6, 0.3)], 0.4)
    assert figure.get_size_inches()[0] == INCHES["text"]
    first, second = figure.axes
    drawn = {line.get_label(): list(line.get_ydata()) for line in first.lines}
    assert [round(float(drawn[way][0]), 6) for way in WAYS] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert drawn[MEASURED] == [0.3] and MEASURED not in {line.get_label() for line in second.lines}
    assert first.get_ylim() == second.get_ylim()


def test_what_is_recorded_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = {"rollout": 4, "states": 2}
    monkeypatch.setattr(
        saving_figure, "planned", lambda way, model, tokens: Saving(way, model, 10**9, tokens, held, held)
    )
    words = ["--out", str(tmp_path), "--measured", str(ROOT / "results/memory")]
    main(words)
    there = json.loads((tmp_path / "saving.json").read_text())
    assert len(there) == len(WAYS) * len(MODELS) * len(COMPLETIONS)
    first = (tmp_path / "saving.svg").read_bytes()
    (tmp_path / "saving.svg").unlink()
    monkeypatch.setattr(saving_figure, "planned", None)
    main([*words, "--drawn"])
    assert (tmp_path / "saving.svg").read_bytes() == first
