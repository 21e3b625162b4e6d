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
from rlvr_bench.harness.tasks.sandboxed import code_answer
from rlvr_bench.harness.tasks.seeds import TEST_SHARE, split_of
from rlvr_bench.harness.tasks.settings import refuse_settings, share_problems, template_problems
from rlvr_bench.harness.tasks.types import Item, Split, TaskError
from rlvr_bench.rewards.answer_region import tagged_answer
from rlvr_bench.rewards.types import Verifier


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
    """Name of the installed verifier that judges the completions: see `rlvr-bench list`."""
    verifier_options: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the verifier's constructor, e.g. {time_limit_s = 2.0} for `code`."""
    unsafe_no_sandbox: bool = False
    """Run code without any isolation, for the verifier `code` alone; set by --unsafe-no-sandbox; recorded in every
    row."""
    template: str = "{prompt}"
    """What the model reads; `{prompt}` stands for the row's prompt, other braces for themselves."""

    def __post_init__(self) -> None:
        bad = [
            f"{name} must not be empty" for name in ("path", "prompt_field", "answer_field") if not self.__dict__[name]
        ]
        bad += [*share_problems(self.test_share), *template_problems(self.template)]
        if self.unsafe_no_sandbox and self.verifier != "code":
            bad.append(f"unsafe_no_sandbox has a meaning for the verifier 'code' only, got {self.verifier!r}")
        if "unsafe" in self.verifier_options:
            bad.append("verifier_options: set unsafe_no_sandbox instead of unsafe, so that it is recorded")
        refuse_settings(bad)


class Jsonl(DatasetTask):
    """Rows of a file, checked when they are loaded: every bad row is named before any training starts."""

    Config = JsonlConfig

    def __init__(self, config: JsonlConfig) -> None:
        from rlvr_bench.harness.config.plugins import load  # here, because plugins load tasks

        self.config = config
        self._class = load("rlvr_bench.verifiers", config.verifier)
        self._check_options()
        # A class with `check` reads golds without being opened, which costs a sandbox its second.
        opened = None if hasattr(self._class, "check") else self._new_verifier()
        self._golds_reader: Verifier | type = self._class if opened is None else opened
        try:
            train, test = self._splits()
        finally:
            if opened is not None:
                opened.close()  # it may hold workers; only its `answer` is used from here on
        self._answer = getattr(opened, "answer", code_answer if config.verifier == "code" else tagged_answer)
        for split, part in (("train", train), ("test", test)):
            if not part:
                raise TaskError(f"{config.path}: no row for the split {split}; add rows, or change test_share")
        self._items = {"train": self._build("train", train), "test": self._build("test", test)}

    def verifiers(self) -> dict[str, Verifier]:
        """The named verifier, alone."""
        return {"correct": self._new_verifier()}

    def answer(self, completion: str) -> str | None:
        """What the verifier calls the answer, else the tagged one."""
        return self._answer(completion)

    def _new_verifier(self) -> Verifier:
        options = dict(self.config.verifier_options)
        if self.config.unsafe_no_sandbox:
            options["unsafe"] = True
        try:
            return self._class(**options)
        except (ValueError, TypeError, LookupError) as error:
            raise TaskError(f"verifier_options: the verifier {self.config.verifier!r} refuses them ({error})") from None

    def _check_options(self) -> None:
        try:
            inspect.signature(self._class).bind(**self.config.verifier_options)
        except TypeError as error:
            known = ", ".join(inspect.signature(self._class).parameters) or "none"
            raise TaskError(
                f"verifier_options: the verifier {self.config.verifier!r} does not take them ({error}); it has: {known}"
            ) from None

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
        rows: list[tuple[int, str, Any]] = []
        problems: dict[int, str] = {}
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    rows.append((number, *self._row(line)))
                except ValueError as error:
                    problems[number] = str(error)
        for number, reason in gold_problems(self._golds_reader, [(number, gold) for number, _, gold in rows]).items():
            problems[number] = (
                f"field {self.config.answer_field!r}: the verifier {self.config.verifier!r} cannot take it ({reason}); "
                "correct it, or choose another verifier"
            )
        refuse_rows(path, [f"row {number}: {problem}" for number, problem in sorted(problems.items())])
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
        return prompt, self._gold(gold)

    def _gold(self, gold: Any) -> Any:
        if isinstance(gold, (int, float)) and not isinstance(gold, bool):
            gold = json.dumps(gold)
        gold = gold.strip() if isinstance(gold, str) else gold
        if gold in (None, ""):
            raise ValueError(f"field {self.config.answer_field!r} must not be empty, got {gold!r}")
        return gold

    def _refuse_overlap(self, train: Sequence[tuple[int, str, Any]], test: Sequence[tuple[int, str, Any]]) -> None:
        first = {prompt: number for number, prompt, _ in reversed(train)}
        remedy = f"stands in {self.config.path} too, row"
        problems = [f"row {n}: its prompt {remedy} {first[p]}; remove one of the two" for n, p, _ in test if p in first]
        refuse_rows(str(self.config.test_path), problems)
