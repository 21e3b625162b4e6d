"""Hashes of items and prompts."""

from __future__ import annotations

from hashlib import sha256

from rlvr_bench.harness.tasks.seeds import is_validation, item_seed, split_of


def test_a_seed_depends_on_values_types_and_positions() -> None:
    parts = [("a", 1), ("a", "1"), ("a1",), (1, "a"), ("a", 1, 0), ("a", True), ("a", 1.0)]
    assert len({item_seed(*p) for p in parts}) == len(parts)
    # first 8 bytes of sha256('["a", 1]')
    assert item_seed("a", 1) == 0x2657442BB4A48D62


def test_a_split_is_a_share_of_all_texts() -> None:
    found = [split_of(str(i), 1 / 8) for i in range(8000)]
    assert abs(found.count("test") / 8000 - 1 / 8) < 0.015  # four standard deviations
    # a sixteenth of the 7/8 that are left: 0.0547
    assert abs(found.count("validation") / 8000 - 7 / 128) < 0.01
    assert set(found) == {"train", "validation", "test"}
    assert split_of("\ud800", 1.0) == "test" and split_of("\ud800", 0.0) != "test"


def test_the_splits_by_the_first_bytes_of_two_hashes() -> None:
    """Test where sha256("split:...") begins below 1/8, else validation where sha256("validation:...") does, 1/16."""
    begins = {
        text: sha256(text.encode()).digest()[:8] for i in range(500) for text in (f"split:{i}", f"validation:{i}")
    }
    for i in range(500):
        expected = "train"
        if begins[f"validation:{i}"] < bytes([16]) + bytes(7):
            expected = "validation"
        if begins[f"split:{i}"] < bytes([32]) + bytes(7):
            expected = "test"
        assert split_of(str(i), 1 / 8) == expected
        assert is_validation(str(i)) == (begins[f"validation:{i}"][0] < 16)
