"""What HumanEval and MBPP share: asserts as call cases of the sandbox where possible, else as a script."""

from __future__ import annotations

import ast
import builtins
import json
from dataclasses import dataclass
from typing import Any, Literal

from rlvr_bench.harness.tasks.datasets.sources import NEEDED, SPLITS, DatasetTask
from rlvr_bench.harness.tasks.sandboxed import CodeSettings, code_problems, code_verifier
from rlvr_bench.harness.tasks.seeds import TEST_SHARE
from rlvr_bench.harness.tasks.settings import refuse_settings, share_problems, template_problems
from rlvr_bench.harness.tasks.types import Item, Split, TaskError
from rlvr_bench.rewards.code.asserts import call_target
from rlvr_bench.rewards.code.targets import check_target
from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.types import Verifier


@dataclass(frozen=True, kw_only=True)
class AssertedConfig(CodeSettings):
    test_share: float = TEST_SHARE
    """Share held out where `path` has a single split, as HumanEval has, in (0, 1); a problem's text decides."""
    weak: Literal["all", "held_out", "none"] = "held_out"
    """Which splits have the problems of weak integrity: `all`, only `validation` and `test` (`held_out`), or `none`.
    Their tests run in one process with the solution, which can reach them: training may find out how."""
    path: str
    """Where the rows come from."""
    template: str
    """What the model reads."""

    def __post_init__(self) -> None:
        empty = [] if self.path else ["path must not be empty"]
        texts = [*share_problems(self.test_share), *template_problems(self.template)]
        refuse_settings([*empty, *texts, *code_problems(self)])


class AssertedTask(DatasetTask):
    """Problems whose answer is a function in a fenced block that passes the asserts of the data set."""

    config: AssertedConfig

    def verifiers(self) -> dict[str, Verifier]:
        """The asserts, in a sandbox."""
        return {"correct": code_verifier(self.config)}

    def answer(self, completion: str) -> str | None:
        """The program."""
        return CodeVerifier.answer(completion)

    def _without_weak(self, items: dict[Split, list[Item]]) -> dict[Split, list[Item]]:
        """The items that `weak` leaves; their ids stay as they are with all.

        Raises:
            TaskError: it leaves a split without any.
        """
        c = self.config
        spared: tuple[Split, ...] = {"all": SPLITS, "held_out": ("validation", "test"), "none": ()}[c.weak]
        kept: dict[Split, list[Item]] = {
            split: [item for item in part if split in spared or item.meta["integrity"] != "weak"]
            for split, part in items.items()
        }
        for split in NEEDED:
            if not kept[split]:
                raise TaskError(
                    f"{c.path} ({split}): all {len(items[split])} problems are weak, which weak = {c.weak!r} leaves "
                    "out; set weak = 'all', or give other problems"
                )
        return kept


def target_of(tests: str, entry: str | None, script: str) -> dict[str, Any]:
    """A call target, so that expected values stay out of the sandbox; else `script`, whose integrity is weak.

    Args:
        tests: assert statements, or a function `check(candidate)` that holds them.
        entry: the function under test; None where calls are not enough.
        script: what runs after a solution where the tests are more than `entry(...) == literal`.
    Raises:
        ValueError: the tests are not Python, or no test can pass.
    """
    try:
        ast.parse(script)
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"the tests are not Python ({error})") from None
    target = None if entry is None else call_target(tests, entry)
    if target is None or not _recordable(target):
        target = {"type": "script", "script": script}
    check_target(target)
    return target


def entry_of(tests: str) -> str | None:
    """The function that the first assert calls; None if it calls none by its name."""
    try:
        asserts = [node for node in ast.parse(tests).body if isinstance(node, ast.Assert)]
    except (SyntaxError, ValueError):
        return None
    calls = [node.func for node in ast.walk(asserts[0].test) if isinstance(node, ast.Call)] if asserts else []
    return next((f.id for f in calls if isinstance(f, ast.Name) and not hasattr(builtins, f.id)), None)


def _recordable(target: dict[str, Any]) -> bool:
    """Targets are recorded as JSON, which has no sets and no keys of mixed types."""
    try:
        json.dumps(target, sort_keys=True)
    except TypeError:
        return False
    return True
