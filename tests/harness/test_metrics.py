"""The table of metrics: recorded names are found, the page has a row for each."""

from __future__ import annotations

import pytest

from rlvr_bench.harness.metrics import METRICS, find_metric, markdown
from rlvr_bench.harness.records import PHASES


@pytest.mark.parametrize(
    ("recorded", "entry"),
    [
        ("eval/pass@1", "eval/pass@1"),  # its own row comes before that of any k
        ("eval/pass@16", "eval/pass@<k>"),
        ("cost/seconds", "cost/seconds"),
        ("cost/seconds/update_actor", "cost/seconds/<phase>"),
        ("rollout/component/format", "rollout/component/<name>"),
        ("eval/pass@k", None),
        ("eval/pass@", None),
        ("cost/seconds/", None),
        ("xcost/seconds", None),
        ("cost/seconds/rollout/more", None),
    ],
)
def test_a_recorded_name_is_found(recorded: str, entry: str | None) -> None:
    found = find_metric(recorded)
    assert (found.name if found else None) == entry


def test_names_are_unique_and_every_phase_has_its_seconds() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    assert {name.partition("/")[0] for name in names} == {"rollout", "train", "eval", "cost"}
    assert all(find_metric(f"cost/seconds/{phase}") for phase in PHASES)


def test_the_page_has_a_row_for_each_with_bars_escaped() -> None:
    rows = [line for line in markdown().splitlines() if line.startswith("| `")]
    assert len(rows) == len(METRICS)
    (reference,) = [row for row in rows if "train/kl_to_reference" in row]
    assert r"old policy \|\| reference" in reference
