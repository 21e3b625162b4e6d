"""HumanEval: functions from their docstrings (Chen et al. 2021, arXiv:2107.03374), from the hub or local files."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from rlvr_bench.harness.tasks.datasets.asserted import AssertedConfig, AssertedTask, target_of
from rlvr_bench.harness.tasks.datasets.sources import SPLITS, DataRow, load_splits, make_items, text_of
from rlvr_bench.harness.tasks.types import Item
from rlvr_bench.rewards.code.targets import integrity

TEMPLATE = (
    "Complete this Python function. Answer with the whole function, its imports and helpers included, in one "
    "```python block.\n\n{prompt}\n"
)


@dataclass(frozen=True)
class HumanEvalConfig(AssertedConfig):
    path: str = "openai/openai_humaneval"
    """Hub name; or a folder with {train,test}.jsonl or humaneval_{train,test}.jsonl; or one such file.  A sixteenth of
    the rows to train on is the split `validation`, unless the folder has a file for it."""
    template: str = TEMPLATE
    """What the model reads; `{prompt}` is replaced by the function's head in a fence, other braces are kept."""


class HumanEval(AssertedTask):
    """The head of a function with its docstring -> the whole function in a fenced block."""

    Config = HumanEvalConfig

    def __init__(self, config: HumanEvalConfig) -> None:
        self.config = config
        rows = load_splits(
            config.path, text=lambda row: str(row.get("prompt")), prefix="humaneval", test_share=config.test_share
        )
        items = make_items("humaneval", dict.fromkeys(SPLITS, config.path), rows, self._item)
        self._items = self._without_weak(items)

    def _item(self, row: DataRow) -> Item:
        head, tests, entry = text_of(row, "prompt"), text_of(row, "test"), text_of(row, "entry_point")
        # Tests may call helpers from the prompt, whether or not the solution repeats them.
        script = f"{_before(head, entry)}\n{tests}\ncheck({entry})\n"
        target = target_of(tests, entry, script)
        prompt = self.config.template.replace("{prompt}", f"```python\n{head.strip()}\n```")
        return Item("", prompt, target, {"task_id": row.get("task_id"), "integrity": integrity(target)})


def _before(head: str, entry: str) -> str:
    """The part of the prompt above the function that is asked for."""
    try:
        body = ast.parse(f"{head.rstrip()}\n    pass\n").body
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"field 'prompt' is not the head of a Python function ({error})") from None
    lines = [node.lineno for node in body if isinstance(node, ast.FunctionDef) and node.name == entry]
    if not lines:
        raise ValueError(f"field 'prompt' does not define the entry_point {entry!r}")
    return "\n".join(head.splitlines()[: lines[-1] - 1])
