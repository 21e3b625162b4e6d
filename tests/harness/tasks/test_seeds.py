"""Hashes of items and prompts."""

from __future__ import annotations

from rlvr_bench.harness.tasks.seeds import item_seed, split_of


def test_a_seed_depends_on_values_types_and_positions() -> None:
    parts = [("a", 1), ("a", "1"), ("a1",), (1, "a"), ("a", 1, 0), ("a", True), ("a", 1.0)]
    assert len({item_seed(*p) for p in parts}) == len(parts)
    # first 8 bytes of sha256('["a", 1]')
    assert item_seed("a", 1) == 0x2657442BB4A48D62


def test_a_split_is_a_share_of_all_texts() -> None:
    share = sum(split_of(str(i), 1 / 8) == "test" for i in range(8000)) / 8000
    assert abs(share - 1 / 8) < 0.015  # four standard deviations
    assert split_of("\ud800", 1.0) == "test" and split_of("\ud800", 0.0) == "train"
