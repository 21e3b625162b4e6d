"""Your own prompts and answers, one JSON object a line."""

from __future__ import annotations

import gzip
import inspect
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlvr_bench.harness.tasks.datasets.rows import gold_problems, hold_out, refuse_rows
from rlvr_bench.harness.tasks.datasets.sources import NEEDED, SPLITS, DatasetTask
from rlvr_bench.harness.tasks.seeds import TEST_SHARE, is_validation, split_of
from rlvr_bench.harness.tasks.settings import refuse_settings, share_problems, template_problems
from rlvr_bench.harness.tasks.types import Item, Split, TaskError
from rlvr_bench.harness.tasks.verifier_plugins import load_verifier
from rlvr_bench.rewards.numbers import written_out
from rlvr_bench.rewards.types import Verifier

FileRow = tuple[int, str, Any]
"""Row number from 1, prompt, gold answer."""


@dataclass(frozen=True)
class JsonlConfig:
    path: str
    """File with one JSON object a line, plain or gzip; relative to the working directory."""
    test_path: str | None = None
    """File with the held-out rows; without one, `test_share` of `path` is held out."""
    test_share: float = TEST_SHARE
    """Share of the prompts held out where there is no `test_path`, in (0, 1); a prompt's text decides."""
    validation_path: str | None = None
    """File with the rows of the split `validation`; without one, a sixteenth of the prompts to train on is held out
    for it, by their texts."""
    prompt_field: str = "prompt"
    """Name of the field with the prompt, a string."""
    answer_field: str = "answer"
    """Name of the field with the gold answer, or the code target; numbers become strings for the verifier."""
    verifier: str = "exact"
    """Name of the installed verifier of the completions: see `rlvr-bench list verifiers`."""
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
        rows = self._splits()
        for split in NEEDED:
            if not rows[split]:
                raise TaskError(f"{config.path}: no row for the split {split}; add rows, or change test_share")
        self._items = {split: self._build(split, part) for split, part in rows.items()}

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

    def _splits(self) -> dict[Split, list[FileRow]]:
        """The rows of every split.  Raises TaskError naming all bad rows of a file."""
        c = self.config
        paths: dict[Split, str | None] = {"train": c.path, "validation": c.validation_path, "test": c.test_path}
        named: dict[Split, str] = {split: path for split, path in paths.items() if path is not None}
        files, problems = self._read(list(named.values()))
        for file, path in enumerate(named.values()):
            lines = [f"row {number}: {problem}" for (f, number), problem in sorted(problems.items()) if f == file]
            refuse_rows(path, lines)
        rows: dict[Split, list[FileRow]] = dict(zip(named, files, strict=True))
        if "test" not in rows:
            rows["train"], rows["test"] = hold_out(rows["train"], lambda row: split_of(row[1], c.test_share) == "test")
        if "validation" not in rows:
            rows["train"], rows["validation"] = hold_out(rows["train"], lambda row: is_validation(row[1]))
        self._refuse_overlap(named, rows)
        return rows

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
            gold = written_out(gold)
        gold = gold.strip() if isinstance(gold, str) else gold
        if gold in (None, ""):
            raise ValueError(f"field {self.config.answer_field!r} must not be empty, got {gold!r}")
        return gold

    def _refuse_overlap(self, paths: Mapping[Split, str], rows: Mapping[Split, Sequence[FileRow]]) -> None:
        """What was held out of one file by hash has no prompt in common; files of their own may."""
        first: dict[str, tuple[Split, int]] = {}  # by prompt: whose file it is first in, and where
        for split in SPLITS:
            owner = split if split in paths else "train"
            problems = [
                f"row {number}: its prompt is also that of {paths[first[prompt][0]]}, row {first[prompt][1]}; remove "
                "one of the two"
                for number, prompt, _ in rows[split]
                if first.get(prompt, (owner, 0))[0] != owner
            ]
            refuse_rows(paths[owner], problems)
            for number, prompt, _ in rows[split]:
                first.setdefault(prompt, (owner, number))


def _lines(path: str) -> list[tuple[int, bytes]]:
    """The lines that are not blank, numbered from 1."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise TaskError(f"{path}: {error.strerror}; give an existing .jsonl file") from None
    if data.startswith(b"\x1f\x8b"):  # as no JSON does
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise TaskError(f"{path}: cannot be unpacked ({error}); pack it again with gzip") from None
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
