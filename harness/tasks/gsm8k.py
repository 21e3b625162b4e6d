"""GSM8K: grade-school word problems (Cobbe et al. 2021, arXiv:2110.14168), from the hub or from local files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.tasks.jsonl import refuse_rows
from harness.tasks.seeds import split_of
from harness.tasks.types import Item, Split, TaskError
from rewards.numbers import parse_number
from rewards.numeric import Numeric
from rewards.types import Verifier

SPLITS: tuple[Split, Split] = ("train", "test")
TEST_SHARE = 1 / 8  # of a single local file, by the text of the question
TEMPLATE = '{prompt}\nThink step by step, then give the final answer as one number after "####".\n'


@dataclass(frozen=True)
class GSM8KConfig:
    path: str = "openai/gsm8k"
    """Hub name; or a folder with {train,test}.jsonl or gsm8k_{train,test}.jsonl; or one such file, an eighth of
    which is then held out."""
    template: str = TEMPLATE
    """What the model reads; `{prompt}` stands for the question, other braces for themselves."""

    def __post_init__(self) -> None:
        bad = [] if self.path else ["path must not be empty"]
        if "{prompt}" not in self.template:
            bad.append(f"template must contain {{prompt}}, got {self.template!r}")
        if bad:
            raise ValueError("; ".join(bad))


class GSM8K:
    """Questions with one number as the answer; completions answer in `<answer>` tags or after `####`."""

    Config = GSM8KConfig

    def __init__(self, config: GSM8KConfig) -> None:
        self.config = config
        self._items = {split: self._build(split, rows) for split, rows in _load(config.path).items()}

    def size(self, split: Split) -> int | None:
        """Questions in the split."""
        return len(self._items[split])

    def item(self, split: Split, index: int) -> Item:
        """Questions in the order of the data set."""
        if index < 0:
            raise IndexError(index)
        return self._items[split][index]

    def verifiers(self) -> dict[str, Verifier]:
        """Numeric equality, independent of the format."""
        return {"correct": Numeric()}

    def answer(self, completion: str) -> str | None:
        """The number, in one spelling."""
        return Numeric().answer(completion)

    def _build(self, split: Split, rows: Iterable[Mapping[str, Any]]) -> list[Item]:
        items, problems = [], []
        for index, row in enumerate(rows):
            question, gold = row.get("question"), _gold(row.get("answer"))
            if not question or gold is None:
                field = "'question' is empty" if not question else "'answer' does not end in '#### ' and one number"
                problems.append(f"row {index + 1}: field {field}; correct or remove the row")
                continue
            prompt = self.config.template.replace("{prompt}", question)
            items.append(Item(f"gsm8k/{split}/{index}", prompt, gold))
        refuse_rows(f"{self.config.path} ({split})", problems)
        if not items:
            raise TaskError(f"{self.config.path}: no rows in the split {split}; give a path with both splits")
        return items


def _gold(answer: Any) -> str | None:
    """The number behind `####`, without its commas; None if there is none."""
    if not isinstance(answer, str) or "####" not in answer:
        return None
    gold = answer.rpartition("####")[2].strip().replace(",", "")
    return None if parse_number(gold) is None else gold


def _load(path: str) -> dict[Split, Iterable[Mapping[str, Any]]]:
    """Both splits through `datasets`, imported here because it takes a second."""
    import datasets

    local = Path(path)
    try:
        if local.is_file():
            rows = list(datasets.load_dataset("json", data_files=str(local), split="train"))
            return {s: [r for r in rows if split_of(str(r.get("question")), TEST_SHARE) == s] for s in SPLITS}
        if local.is_dir():
            files = {split: str(_file(local, split)) for split in SPLITS}
            loaded = datasets.load_dataset("json", data_files=files)
        else:
            loaded = datasets.load_dataset(path, "main")
        return {split: loaded[split] for split in SPLITS}
    except TaskError:
        raise
    except Exception as error:  # the hub, the network and the JSON reader each raise their own
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise TaskError(
            f"{path}: cannot be loaded ({reason}); give a folder with train.jsonl and test.jsonl"
        ) from error


def _file(folder: Path, split: Split) -> Path:
    names = (f"gsm8k_{split}.jsonl", f"{split}.jsonl")
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise TaskError(f"{folder}: has neither {names[0]} nor {names[1]}; add one, or give a hub name")
