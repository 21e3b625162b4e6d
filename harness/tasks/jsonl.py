"""Your own prompts and answers, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.tasks.seeds import split_of
from harness.tasks.types import Item, Split, TaskError
from rewards.exact import tagged_answer
from rewards.types import Verifier

SHOWN = 10  # problems spelled out in an error; the rest are counted


@dataclass(frozen=True)
class JsonlConfig:
    path: str
    """File with one JSON object a line; relative to the working directory."""
    test_path: str | None = None
    """File with the held-out rows; without one, `test_share` of `path` is held out."""
    test_share: float = 0.125
    """Share of the prompts held out where there is no `test_path`, in (0, 1); a prompt's text decides."""
    prompt_field: str = "prompt"
    """Name of the field with the prompt, a string."""
    answer_field: str = "answer"
    """Name of the field with the gold answer; numbers are handed to the verifier as strings."""
    verifier: str = "exact"
    """Name of the installed verifier that judges the completions: see `rlvr-bench list`."""
    template: str = "{prompt}"
    """What the model reads; `{prompt}` stands for the row's prompt, other braces for themselves."""

    def __post_init__(self) -> None:
        bad = [
            f"{name} must not be empty" for name in ("path", "prompt_field", "answer_field") if not self.__dict__[name]
        ]
        if not 0 < self.test_share < 1:
            bad.append(f"test_share must lie in (0, 1), got {self.test_share}")
        if "{prompt}" not in self.template:
            bad.append(f"template must contain {{prompt}}, got {self.template!r}")
        if bad:
            raise ValueError("; ".join(bad))


class Jsonl:
    """Rows of a file, checked when they are loaded: every bad row is named before any training starts."""

    Config = JsonlConfig

    def __init__(self, config: JsonlConfig) -> None:
        from harness.plugins import load  # here, because plugins load tasks

        self.config = config
        self._new_verifier = load("rlvr_bench.verifiers", config.verifier)
        self._verifier: Verifier = self._new_verifier()
        try:
            train, test = self._splits()
        finally:
            self._verifier.close()  # it may hold workers; only its `answer` is used from here on
        for split, part in (("train", train), ("test", test)):
            if not part:
                raise TaskError(f"{config.path}: no row for the split {split}; add rows, or change test_share")
        self._items: dict[Split, list[Item]] = {"train": self._build("train", train), "test": self._build("test", test)}

    def size(self, split: Split) -> int | None:
        """Rows in the split."""
        return len(self._items[split])

    def item(self, split: Split, index: int) -> Item:
        """Rows in the order of the file."""
        if index < 0:
            raise IndexError(index)
        return self._items[split][index]

    def verifiers(self) -> dict[str, Verifier]:
        """The named verifier, alone."""
        return {"correct": self._new_verifier()}

    def answer(self, completion: str) -> str | None:
        """What the verifier calls the answer, else the tagged one."""
        return getattr(self._verifier, "answer", tagged_answer)(completion)

    def _splits(self) -> tuple[list[tuple[int, str, Any]], list[tuple[int, str, Any]]]:
        """Training and held-out rows."""
        rows = self._read(self.config.path)
        if self.config.test_path is not None:
            test = self._read(self.config.test_path)
            self._refuse_overlap(rows, test)
            return rows, test
        train = [row for row in rows if split_of(row[1], self.config.test_share) == "train"]
        return train, [row for row in rows if split_of(row[1], self.config.test_share) == "test"]

    def _build(self, split: Split, rows: Sequence[tuple[int, str, Any]]) -> list[Item]:
        texts = ((number, self.config.template.replace("{prompt}", prompt), gold) for number, prompt, gold in rows)
        return [
            Item(f"jsonl/{split}/{index}", text, gold, {"row": number})
            for index, (number, text, gold) in enumerate(texts)
        ]

    def _read(self, path: str) -> list[tuple[int, str, Any]]:
        """Row number (from 1), prompt and gold answer of every row.  Raises TaskError naming all bad rows."""
        try:
            lines = Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
        except OSError as error:
            raise TaskError(f"{path}: {error.strerror}; give an existing .jsonl file") from None
        rows, problems = [], []
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    rows.append((number, *self._row(line)))
                except ValueError as error:
                    problems.append(f"row {number}: {error}")
        refuse_rows(path, problems)
        return rows

    def _row(self, line: bytes) -> tuple[str, Any]:
        """Raises ValueError with the field and the remedy."""
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"not a JSON object ({error}); write one object a line, in UTF-8") from None
        if not isinstance(row, dict):
            raise ValueError("not a JSON object; write one object a line")
        missing = [name for name in (self.config.prompt_field, self.config.answer_field) if name not in row]
        if missing:
            raise ValueError(
                f"no field {' and no field '.join(map(repr, missing))} among {sorted(row)}; "
                "add it, or set prompt_field or answer_field"
            )
        prompt, gold = row[self.config.prompt_field], row[self.config.answer_field]
        if not isinstance(prompt, str) or not prompt.strip():
            raise ValueError(f"field {self.config.prompt_field!r} must be a string that is not blank, got {prompt!r}")
        return prompt, self._checked_gold(gold)

    def _checked_gold(self, gold: Any) -> Any:
        if isinstance(gold, (int, float)) and not isinstance(gold, bool):
            gold = json.dumps(gold)
        gold = gold.strip() if isinstance(gold, str) else gold
        if gold in (None, ""):
            raise ValueError(f"field {self.config.answer_field!r} must not be empty, got {gold!r}")
        try:
            self._verifier.verify([""], [gold])  # a verifier raises for nothing but a target that it cannot judge
        except Exception as error:
            raise ValueError(
                f"field {self.config.answer_field!r}: the verifier {self.config.verifier!r} cannot take it ({error}); "
                "correct it, or choose another verifier"
            ) from None
        return gold

    def _refuse_overlap(self, train: Sequence[tuple[int, str, Any]], test: Sequence[tuple[int, str, Any]]) -> None:
        first = {prompt: number for number, prompt, _ in reversed(train)}
        remedy = f"stands in {self.config.path} too, row"
        problems = [f"row {n}: its prompt {remedy} {first[p]}; remove one of the two" for n, p, _ in test if p in first]
        refuse_rows(str(self.config.test_path), problems)


def refuse_rows(source: str, problems: Sequence[str]) -> None:
    """Raises TaskError with the first few problems and the number of all, if there is any."""
    if problems:
        more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise TaskError("\n  ".join([f"{source}: {len(problems)} bad rows", *problems[:SHOWN], *more]))
