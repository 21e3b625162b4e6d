"""The pairs that a reward model is trained on."""

from __future__ import annotations

from rlvr_bench.harness.training.reward_model import label_pairs


def test_pairs_are_right_and_wrong_of_one_prompt() -> None:
    judged = [1.0, 0.0, 1.0, 0.0, None, 1.0, 0.0, 0.0, 1.0, 1.0]
    groups = [0, 0, 0, 1, 1, 1, 2, 2, 3, 3]
    everything = label_pairs(judged, groups, 99)
    assert set(everything) == {(0, 1), (2, 1), (5, 3)}
    assert len(everything) == 3


def test_pairs_are_drawn_evenly_over_the_prompts() -> None:
    # Prompt 0 gives 4 x 4 pairs, the two others 1 each.
    judged, groups = [1.0] * 4 + [0.0] * 4 + [1.0, 0.0] * 2, [0] * 8 + [1, 1, 2, 2]
    pairs = label_pairs(judged, groups, 4)
    assert sorted(groups[right] for right, _ in pairs) == [0, 0, 1, 2]
    assert pairs == label_pairs(judged, groups, 4)
