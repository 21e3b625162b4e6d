"""Seeds of items and splits of prompts, both by hash.

Never `seed + index`: item 1 of seed 42 would be item 0 of seed 43, so a test set would share its items with the
training set of another seed.
"""

from __future__ import annotations

import hashlib
import json

from rlvr_bench.harness.tasks.types import Split

TEST_SHARE = 1 / 8
"""Of all prompts, unless a task has a setting for it."""
VALIDATION_SHARE = 1 / 16
"""Of the prompts that are not in test."""


def item_seed(*parts: str | int | float | bool | None) -> int:
    """A 64-bit seed that depends on the value, the type and the position of every part."""
    return _hash(json.dumps(parts, ensure_ascii=True))


def split_of(text: str, test_share: float) -> Split:
    """The split of a prompt, by its text alone.

    Therefore no prompt is in two splits, for any seed and configuration.

    Args:
        test_share: the share of all prompts that belong to test, in [0, 1].
    """
    if _hash("split:" + text) < test_share * 2**64:
        return "test"
    return "validation" if is_validation(text) else "train"


def is_validation(text: str) -> bool:
    """Whether a prompt that is not in test is held out for validation.

    By a hash of its own, so that which prompts are in test does not depend on it.
    """
    return _hash("validation:" + text) < VALIDATION_SHARE * 2**64


def _hash(text: str) -> int:
    # surrogatepass: a JSON file can give a prompt a lone surrogate.
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
