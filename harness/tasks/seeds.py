"""Hashes that give items their seeds and prompts their split.

Never `seed + index`: with that, item 1 of seed 42 is item 0 of seed 43 and a test set shares its items with
somebody's training set.
"""

from __future__ import annotations

import hashlib
import json

from rlvr_bench.harness.tasks.types import Split

TEST_SHARE = 1 / 8
"""Of all prompts, unless a task has a setting for it."""


def item_seed(*parts: str | int | float | bool | None) -> int:
    """A 64-bit seed that depends on every part, on its type and on its place."""
    return _hash(json.dumps(parts, ensure_ascii=True))


def split_of(text: str, test_share: float) -> Split:
    """The split that a prompt belongs to, by its text alone.

    Because the text decides, no prompt can stand in both splits, whatever the seed or the rest of the
    configuration.  `test_share`, in [0, 1], is the share of all prompts that belong to test.
    """
    return "test" if _hash("split:" + text) < test_share * 2**64 else "train"


def _hash(text: str) -> int:
    # surrogatepass: a prompt may hold a lone surrogate, which JSON files can spell.
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
