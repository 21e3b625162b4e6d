from __future__ import annotations

from rlvr_bench.harness.commands.plan.saving import COMPLETIONS, WAYS, Saving
from rlvr_bench.harness.commands.plan.saving_figure import MEASURED, savings
from rlvr_bench.reports.figures.style import INCHES, styled


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
