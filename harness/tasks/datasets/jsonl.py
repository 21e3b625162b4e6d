"""Your own prompts and answers, one JSON object a line."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlvr_bench.harness.tasks.datasets.rows import gold_problems, refuse_rows
from rlvr_bench.harness.tasks.datasets.sources import DatasetTask
from rlvr_bench.harness.tasks.seeds import TEST_SHARE, split_of
from rlvr_bench.harness.tasks.settings import refuse_settings, share_problems, template_problems
from rlvr_bench.harness.tasks.types import Item, Split, TaskError
from rlvr_bench.harness.tasks.verifier_plugins import load_verifier
from rlvr_bench.rewards.types import Verifier

FileRow = tuple[int, str, Any]
"""Row number from 1, prompt, gold answer."""


@dataclass(frozen=True)
class JsonlConfig:
    path: str
    """File with one JSON object a line; relative to the working directory."""
    test_path: str | None = None
    """File with the held-out rows; without one, `test_share` of `path` is held out."""
    test_share: float = TEST_SHARE
    """Share of the prompts held out where there is no `test_path`, in (0, 1); a prompt's text decides."""
    prompt_field: str = "prompt"
    """Name of the field with the prompt, a string."""
    answer_field: str = "answer"
    """Name of the field with the gold answer, or the code target; numbers become strings for the verifier."""
    verifier: str = "exact"
    """Name of the installed verifier of the completions: see `rlvr-bench list`."""
    verifier_options: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the verifier's constructor, e.g. {time_limit_s = 2.0} for `code`."""
    unsafe_no_sandbox: bool = False
    """Run code without isolation, only for the verifier `code`; set by --unsafe-no-sandbox; recorded in all rows."""
    template: str = "{prompt}"
    """What the model reads; `{prompt}` is replaced by the row's prompt, other braces are kept."""

    def __post_init__(self) -> None:
        bad = [
            f"{name} must not be empty" for name in ("path", "prompt_field", "answer_field") if not self.__dict__[name]
        ]
        bad += [*share_problems(self.test_share), *template_problems(self.template)]
        if self.unsafe_no_sandbox and self.verifier != "code":
            bad.append(f"unsafe_no_sandbox applies to the verifier 'code' only, got {self.verifier!r}")
        if "unsafe" in self.verifier_options:
            bad.append("verifier_options: set unsafe_no_sandbox instead of unsafe, so that it is recorded")
        refuse_settings(bad)


class Jsonl(DatasetTask):
    """Rows of a file, checked when they are loaded: every bad row is named before any training starts."""

    Config = JsonlConfig

    def __init__(self, config: JsonlConfig) -> None:
        self.config = config
        self._verifier = load_verifier(config.verifier)
        self._check_options()
        train, test = self._splits()
        for split, part in (("train", train), ("test", test)):
            if not part:
                raise TaskError(f"{config.path}: no row for the split {split}; add rows, or change test_share")
        self._items = {"train": self._build("train", train), "test": self._build("test", test)}

    def verifiers(self) -> dict[str, Verifier]:
        """The named verifier, alone."""
        try:
            return {"correct": self._verifier(**self._options())}
        except (ValueError, TypeError, LookupError) as error:
            raise self._refused(error) from None

    def answer(self, completion: str) -> str | None:
        """The verifier's own reading of the answer."""
        return self._verifier.answer(completion)

    def _options(self) -> dict[str, Any]:
        unsafe = {"unsafe": True} if self.config.unsafe_no_sandbox else {}
        return self.config.verifier_options | unsafe

    def _refused(self, error: Exception) -> TaskError:
        return TaskError(f"verifier_options: the verifier {self.config.verifier!r} refuses them ({error})")

    def _check_options(self) -> None:
        try:
            inspect.signature(self._verifier).bind(**self.config.verifier_options)
        except TypeError as error:
            known = ", ".join(inspect.signature(self._verifier).parameters) or "none"
            raise TaskError(
                f"verifier_options: the verifier {self.config.verifier!r} does not take them ({error}); it has: {known}"
            ) from None

    def _splits(self) -> tuple[list[FileRow], list[FileRow]]:
        """Training and held-out rows.  Raises TaskError naming all bad rows of a file."""
        paths = [path for path in (self.config.path, self.config.test_path) if path is not None]
        rows, problems = self._read(paths)
        for file, path in enumerate(paths):
            named = [f"row {number}: {problem}" for (f, number), problem in sorted(problems.items()) if f == file]
            refuse_rows(path, named)
        if len(rows) == 2:
            self._refuse_overlap(*rows)
            return rows[0], rows[1]
        train = [row for row in rows[0] if split_of(row[1], self.config.test_share) == "train"]
        return train, [row for row in rows[0] if split_of(row[1], self.config.test_share) == "test"]

    def _read(self, paths: Sequence[str]) -> tuple[list[list[FileRow]], dict[tuple[int, int], str]]:
        """The rows of each file, and what is wrong with rows, by file and row number."""
        files: list[list[FileRow]] = []
        problems: dict[tuple[int, int], str] = {}
        for file, path in enumerate(paths):
            files.append([])
            for number, line in _lines(path):
                try:
                    files[file].append((number, *self._row(line)))
                except ValueError as error:
                    problems[file, number] = str(error)
        golds = {(file, number): gold for file, rows in enumerate(files) for number, _, gold in rows}
        try:
            bad = gold_problems(self._verifier, golds, **self._options())
        except (ValueError, TypeError, LookupError) as error:
            raise self._refused(error) from None
        for place, reason in bad.items():
            problems[place] = (
                f"field {self.config.answer_field!r}: the verifier {self.config.verifier!r} cannot take it ({reason}); "
                "correct it, or choose another verifier"
            )
        return files, problems

    def _build(self, split: Split, rows: Sequence[FileRow]) -> list[Item]:
        texts = ((number, self.config.template.replace("{prompt}", prompt), gold) for number, prompt, gold in rows)
        return [
            Item(f"jsonl/{split}/{index}", text, gold, {"row": number})
            for index, (number, text, gold) in enumerate(texts)
        ]

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
        return prompt, self._gold(gold)

    def _gold(self, gold: Any) -> Any:
        if isinstance(gold, (int, float)) and not isinstance(gold, bool):
            gold = json.dumps(gold)
        gold = gold.strip() if isinstance(gold, str) else gold
        if gold in (None, ""):
            raise ValueError(f"field {self.config.answer_field!r} must not be empty, got {gold!r}")
        return gold

    def _refuse_overlap(self, train: Sequence[FileRow], test: Sequence[FileRow]) -> None:
        first = {prompt: number for number, prompt, _ in reversed(train)}
        problems = [
            f"row {number}: its prompt is also that of {self.config.path}, row {first[prompt]}; remove one of the two"
            for number, prompt, _ in test
            if prompt in first
        ]
        refuse_rows(str(self.config.test_path), problems)


def _lines(path: str) -> list[tuple[int, bytes]]:
    """The lines that are not blank, numbered from 1."""
    try:
        lines = Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise TaskError(f"{path}: {error.strerror}; give an existing .jsonl file") from None
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
