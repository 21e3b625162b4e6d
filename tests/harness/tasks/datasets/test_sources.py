"""Rows from files, folders and the hub, in two splits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.tasks.datasets.sources import SPLITS, DataRow, load_splits, make_items, text_of
from rlvr_bench.harness.tasks.types import Item, TaskError
from rlvr_bench.rewards.numeric import Numeric
from tests.harness.tasks.local_rows import write

pytestmark = pytest.mark.usefixtures("arrow_cache")


def row(i: int) -> dict[str, Any]:
    return {"text": f"row {i}", "gold": str(i)}


def load(path: Path | str, **options: Any) -> dict[str, list[tuple[int, str]]]:
    loaded = load_splits(str(path), text=lambda row: row["text"], prefix="mine", **options)
    return {split: [(number, row["text"]) for number, row in part] for split, part in loaded.items()}


@pytest.mark.parametrize("name", ["{}.jsonl", "mine_{}.jsonl", "{}.jsonl.gz", "mine_{}.jsonl.gz"])
def test_a_folder_has_both_splits(tmp_path: Path, name: str) -> None:
    write(tmp_path / name.format("train"), row(0), row(24))
    write(tmp_path / name.format("test"), row(2))
    # sha256("validation:row 24") begins with 0b, below 1/16; of rows 0 to 59 no other does
    assert load(tmp_path) == {"train": [(1, "row 0")], "validation": [(2, "row 24")], "test": [(1, "row 2")]}


def test_a_folder_may_have_a_file_for_validation(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", row(0), row(1))
    write(tmp_path / "mine_validation.jsonl", row(1), row(3), row(2))
    write(tmp_path / "test.jsonl", row(2))
    # row 1 is one to train on and row 2 one to test on
    assert load(tmp_path) == {
        "train": [(1, "row 0"), (2, "row 1")],
        "validation": [(2, "row 3")],
        "test": [(1, "row 2")],
    }


def test_a_folder_without_a_split_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", row(0))
    with pytest.raises(TaskError, match=r"has neither mine_test.jsonl nor test.jsonl"):
        load(tmp_path)


def test_one_file_is_split_by_text_and_rows_keep_their_split(tmp_path: Path) -> None:
    few, many = (load(write(tmp_path / "a.jsonl", *map(row, range(n))), test_share=0.3) for n in (100, 150))
    assert sorted(number for part in many.values() for number, _ in part) == list(range(1, 151))
    assert all(many[split][: len(few[split])] == few[split] for split in SPLITS)


def test_held_out_rows_from_another_file(tmp_path: Path) -> None:
    train, test = write(tmp_path / "a.jsonl", row(0), row(24)), write(tmp_path / "b.jsonl", row(2))
    found = load(train, test_path=test)
    assert found == {"train": [(1, "row 0")], "validation": [(2, "row 24")], "test": [(1, "row 2")]}
    with pytest.raises(TaskError, match=r"a.jsonl: 2 bad rows\n  row 1: it is also in .*a.jsonl, row 1; remove one"):
        load(train, test_path=train)


def test_splits_of_a_hub_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    parts: dict[str, list[Any]] = {"validation": [row(1)], "test": [row(2)]}
    monkeypatch.setattr(datasets, "load_dataset", lambda *args, **options: parts)
    with pytest.raises(TaskError, match="has the splits validation, test and no train; give a data set that has it"):
        load("some/where")
    parts["train"] = [row(3)]
    expected = {"train": [(1, "row 3")], "validation": [(1, "row 1")], "test": [(1, "row 2")]}
    assert load("some/where") == expected
    del parts["test"]  # then it is held out of train
    assert load("some/where")["validation"] == expected["validation"]
    assert load("some/where", test_share=1 - 1e-9)["test"] == [(1, "row 3")]


def test_a_hub_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError("offline")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(TaskError, match=r"some/where: cannot be loaded \(ConnectionError: offline\); give a folder"):
        load("some/where")


def test_text_of_the_first_field_that_is_there() -> None:
    assert text_of({"b": "x", "a": None}, "a", "b") == "x"
    with pytest.raises(ValueError, match="field 'a' is no text, got 5"):
        text_of({"a": 5}, "a")
    with pytest.raises(ValueError, match="field 'a' or 'b' is empty"):
        text_of({"a": " "}, "a", "b")


def make(row: DataRow) -> Item:
    if row["text"] == "row 3":
        raise ValueError("cannot be made")
    return Item("", row["text"], row["gold"])


def test_items_have_ids_and_bad_rows_are_named_by_split() -> None:
    sources = dict.fromkeys(SPLITS, "here")
    good = make_items(
        "t", sources, {"train": [(1, row(0))], "validation": [(2, row(1))], "test": [(1, row(2))]}, make, Numeric
    )
    assert [item.id for part in good.values() for item in part] == ["t/train/0", "t/validation/0", "t/test/0"]
    bad = {"train": [(1, row(0))], "validation": [], "test": [(4, row(3)), (5, row(4) | {"gold": "four"}), (6, row(5))]}
    with pytest.raises(TaskError, match=r"here \(test\): 2 bad rows\n  row 4: cannot be made; .*\n  row 5: .*number"):
        make_items("t", sources, bad, make, Numeric)
    with pytest.raises(TaskError, match="here: no rows in the split test"):
        make_items("t", sources, {"train": [(1, row(0))], "validation": [], "test": []}, make)
