"""What was equal is a diff of the configurations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rlvr_bench.reports.cells.fairness import compare, flatten, held_equal
from rlvr_bench.reports.load import load
from tests.reports import synthetic
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS, LEARNING


def small(folder: Path, **changes: Any) -> Path:
    return synthetic.write(folder, parts=[replace(LEARNING, seeds=(0, 1))], steps=6, **changes)


def test_fairness_is_a_diff_of_configurations(tmp_path: Path) -> None:
    study = load(small(tmp_path))
    cells = study.cells(study.manifest.parts[0])
    found = compare(cells)
    assert [k for k, _ in found.unequal] == ["algorithm.gae_lambda", "algorithm.name", "reward.source"]
    assert dict(found.unequal)["algorithm.gae_lambda"] == ("1.0", "1.0", "—")
    assert dict(found.equal)["rollout.group_size"] == "8"
    assert found.paired_start is True
    assert held_equal(cells[0], cells[2]).endswith("differed: the algorithm and its own settings, reward.source")


def test_flat_keys() -> None:
    assert flatten({"a": {"b": 1, "c": {}}, "d": 2}) == {"a.b": 1, "a.c": {}, "d": 2}


def test_paths_are_compared_whole_and_shown_short(tmp_path: Path) -> None:
    twins = [replace(CELLS[2], name=n, reward={"model": f"/data/{n}/rm"}) for n in ("a", "b")]
    found = compare(cells_of(tmp_path, *twins))
    assert dict(found.unequal)["reward.model"] == ("…/rm", "…/rm")


def test_many_differences_are_counted(tmp_path: Path) -> None:
    twin = replace(CELLS[2], name="twin", reward={f"s{i}": i for i in range(8)})
    assert held_equal(*cells_of(tmp_path, CELLS[2], twin)).endswith("reward.s5, 2 more")


def test_what_varies_inside_a_cell_shows_all_its_values(tmp_path: Path) -> None:
    def config(part: object, cell: object, seed: int) -> dict[str, dict[str, int]]:
        return {"warm_start": {"seed": seed + 5}}

    study = load(small(tmp_path, config=config))
    assert dict(compare(study.cells(study.manifest.parts[0])).equal)["warm_start.seed"] == "5, 6"
