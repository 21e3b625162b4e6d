"""A hub name, a local folder or a local file becomes numbered rows in three splits, read through `datasets`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from rlvr_bench.harness.tasks.datasets.rows import gold_problems, hold_out, refuse_rows
from rlvr_bench.harness.tasks.seeds import TEST_SHARE, is_validation, split_of
from rlvr_bench.harness.tasks.types import Item, Split, TaskError
from rlvr_bench.rewards.types import Verifier

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
NEEDED: tuple[Split, ...] = ("train", "test")
ENDINGS = (".jsonl", ".jsonl.gz", ".parquet")

DataRow = Mapping[str, Any]
Numbered = list[tuple[int, DataRow]]  # with the row's number in its source, from 1


class DatasetTask:
    """The rows of a data set, in its order.  Subclasses fill `_items` when they are made."""

    _items: dict[Split, list[Item]]

    def size(self, split: Split) -> int | None:
        """Rows in the split."""
        return len(self._items[split])

    def item(self, split: Split, index: int) -> Item:
        """Rows in the order of the data set."""
        if index < 0:
            raise IndexError(index)
        return self._items[split][index]


def make_items(
    name: str, sources: Mapping[Split, str], rows: Mapping[Split, Numbered], make: Callable[[DataRow], Item],
    verifier: type[Verifier] | None = None,
) -> dict[Split, list[Item]]:  # fmt: skip
    """Items by split; `make` gives an item whose id is still empty, or raises ValueError for a bad row.

    Args:
        sources: where the rows of each split come from, for errors.
        verifier: must accept every gold answer.
    Raises:
        TaskError: naming every bad row of a split, or a split without rows; only `validation` may have none.
    """
    made: dict[tuple[Split, int], Item] = {}
    problems: dict[tuple[Split, int], str] = {}
    for split in SPLITS:
        for index, (number, row) in enumerate(rows[split]):
            try:
                item = make(row)
            except ValueError as error:
                problems[split, number] = str(error)
            else:
                made[split, number] = Item(f"{name}/{split}/{index}", item.prompt, item.target, item.meta)
    if verifier is not None:
        problems |= gold_problems(verifier, {place: item.target for place, item in made.items()})
    items: dict[Split, list[Item]] = {}
    for split in SPLITS:
        named = sorted((number, problem) for (part, number), problem in problems.items() if part == split)
        lines = [f"row {number}: {problem}; correct or remove the row" for number, problem in named]
        refuse_rows(f"{sources[split]} ({split})", lines)
        items[split] = [item for (part, _), item in made.items() if part == split]
        if not items[split] and split in NEEDED:
            raise TaskError(f"{sources[split]}: no rows in the split {split}; give a path with both splits")
    return items


def text_of(row: DataRow, *fields: str) -> str:
    """The text in the first of the fields that the row has.

    Raises:
        ValueError: it is blank or no text, or no field is there.
    """
    value = next((row[field] for field in fields if row.get(field) is not None), None)
    named = f"field {' or '.join(map(repr, fields))}"
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{named} is no text, got {value!r:.100}")
    if value is None or not value.strip():
        raise ValueError(f"{named} is empty")
    return value


def load_splits(
    path: str, *, text: Callable[[DataRow], str], prefix: str, subset: str | None = None,
    test_share: float = TEST_SHARE, test_path: str | None = None,
) -> dict[Split, Numbered]:  # fmt: skip
    """Rows of all splits.

    A hub data set or folder with `train` and `test` keeps them.  One with a single split (MATH-500 and HumanEval
    have only `test`), and a single file, is divided by the hash of each row's text, so that a row keeps its split
    when others are added or removed.  A `validation` of its own is kept too (MBPP has one), without the rows that are
    also in the other two; where there is none, a sixteenth of the rows to train on is held out, by the same kind of
    hash.

    Args:
        path: hub name, local folder or local file (.jsonl, .jsonl.gz or .parquet).
        text: the text of a row that decides its split.
        prefix: files of a folder are named `train.jsonl` or `<prefix>_train.jsonl`.
        subset: configuration of the hub data set.
        test_share: share of a single split that is held out, in (0, 1).
        test_path: takes the rows held out from there: its split `test`, or its only one.
    Raises:
        TaskError: nothing can be loaded from there, or a row of `test_path` is also one to train on.
    """
    loaded = _loaded(path, subset, prefix)
    rows: dict[Split, Numbered] = {"train": [], "validation": [], "test": []}
    if test_path is not None:
        rows["train"] = _part(path, loaded, "train")
        rows["test"] = _part(test_path, _loaded(test_path, subset, prefix), "test")
    elif set(NEEDED) <= set(loaded):
        rows |= {split: _part(path, loaded, split) for split in NEEDED}
    else:
        only = _part(path, loaded, "train" if len(loaded) > 1 else next(iter(loaded)))
        rows["train"], rows["test"] = hold_out(only, lambda row: split_of(text(row[1]), test_share) == "test")
    if len(loaded) > 1 and "validation" in loaded:
        used = {text(row) for split in NEEDED for _, row in rows[split]}
        own = _part(path, loaded, "validation")
        rows["validation"] = [(n, row) for n, row in own if text(row) not in used]
    else:
        rows["train"], rows["validation"] = hold_out(rows["train"], lambda row: is_validation(text(row[1])))
    if test_path is not None:
        _refuse_overlap(path, test_path, {s: [(n, text(row)) for n, row in part] for s, part in rows.items()})
    return rows


def _part(path: str, loaded: Mapping[str, Iterable[DataRow]], split: str) -> Numbered:
    """The rows of a split, or of the only one."""
    if split not in loaded and len(loaded) != 1:
        raise TaskError(f"{path}: has the splits {', '.join(loaded)} and no {split}; give a data set that has it")
    return list(enumerate(loaded[split] if split in loaded else next(iter(loaded.values())), start=1))


def _refuse_overlap(path: str, test_path: str, texts: Mapping[Split, list[tuple[int, str]]]) -> None:
    first = {text: number for split in ("validation", "train") for number, text in reversed(texts[split])}
    problems = [
        f"row {n}: it is also in {path}, row {first[text]}; remove one of the two"
        for n, text in texts["test"]
        if text in first
    ]
    refuse_rows(test_path, problems)


def _loaded(path: str, subset: str | None, prefix: str) -> Any:  # rows by split
    import datasets  # here, because it takes a second

    local = Path(path)
    try:
        if local.is_file():
            return datasets.load_dataset(_builder(local), data_files={"rows": str(local)})
        if local.is_dir():
            files = {
                split: _file(local, split, prefix)
                for split in SPLITS
                if split in NEEDED or _found(local, split, prefix)
            }
            return {s: datasets.load_dataset(_builder(f), data_files={s: str(f)}, split=s) for s, f in files.items()}
        return datasets.load_dataset(path, subset)
    except TaskError:
        raise
    except Exception as error:  # the hub, the network and the JSON reader each raise their own
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise TaskError(
            f"{path}: cannot be loaded ({reason}); give a folder with train.jsonl and test.jsonl, or one .jsonl file"
        ) from error


def _builder(file: Path) -> str:
    return "parquet" if file.suffix == ".parquet" else "json"


def _found(folder: Path, split: Split, prefix: str) -> Path | None:
    names = (f"{stem}{ending}" for ending in ENDINGS for stem in (f"{prefix}_{split}", split))
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _file(folder: Path, split: Split, prefix: str) -> Path:
    if found := _found(folder, split, prefix):
        return found
    raise TaskError(
        f"{folder}: has neither {prefix}_{split}.jsonl nor {split}.jsonl (.jsonl.gz and .parquet serve too); "
        "add one, or give a hub name"
    )
