"""MBPP: basic Python problems with three asserts each (Austin et al. 2021, arXiv:2108.07732), hub or local files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from rlvr_bench.harness.tasks.datasets.asserted import AssertedConfig, AssertedTask, entry_of, target_of
from rlvr_bench.harness.tasks.datasets.sources import SPLITS, DataRow, load_splits, make_items, text_of
from rlvr_bench.harness.tasks.types import Item
from rlvr_bench.rewards.code.targets import integrity

TEMPLATE = "{prompt}\n\nAnswer with the whole function, its imports included, in one ```python block.\n"


@dataclass(frozen=True)
class MBPPConfig(AssertedConfig):
    path: str = "google-research-datasets/mbpp"
    """Hub name, whose own `validation` is kept; or a folder with {train,test}.jsonl or mbpp_{train,test}.jsonl; or one
    such file.  Without a file for `validation`, a sixteenth of the rows to train on is held out for it."""
    subset: Literal["full", "sanitized"] = "full"
    """Which form of the hub data set: all 974 problems, or the 427 that were checked by hand."""
    template: str = TEMPLATE
    """What the model reads; `{prompt}` is replaced by the problem and its tests, other braces are kept."""


class MBPP(AssertedTask):
    """A problem in a sentence and its asserts -> the function in a fenced block."""

    Config = MBPPConfig

    def __init__(self, config: MBPPConfig) -> None:
        self.config = config
        rows = load_splits(
            config.path,
            text=lambda row: str(row.get("text") or row.get("prompt")),
            prefix="mbpp",
            subset=config.subset,
            test_share=config.test_share,
        )
        items = make_items("mbpp", dict.fromkeys(SPLITS, config.path), rows, self._item)
        self._items = self._without_weak(items)

    def _item(self, row: DataRow) -> Item:
        problem, tests = text_of(row, "text", "prompt"), "\n".join(_texts(row, "test_list"))
        if not tests.strip():
            raise ValueError("field 'test_list' is empty")
        setup = row.get("test_setup_code") or ""
        script = "\n".join([*_texts(row, "test_imports"), setup, tests])
        # Solutions may use what a set-up defines, which call cases would not provide.
        target = target_of(tests, None if setup.strip() else entry_of(tests), script)
        text = f"{problem.strip()}\nYour code should pass these tests:\n\n{tests}"
        prompt = self.config.template.replace("{prompt}", text)
        return Item("", prompt, target, {"task_id": row.get("task_id"), "integrity": integrity(target)})


def _texts(row: DataRow, field: str) -> list[str]:
    """A list of texts, empty where the field is missing.  Raises ValueError for anything else."""
    value: Any = row.get(field) or []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"field {field!r} is not a list of texts")
    return value
