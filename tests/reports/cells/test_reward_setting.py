"""What a cell was rewarded by: equal if all that was used is, never only the name of the source."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rlvr_bench.reports.cells.reward_setting import by_reward_setting, reward_setting
from tests.reports.hacking import HACKING
from tests.reports.judge import cells_of


def of(**reward: Any) -> Any:
    return reward_setting(SimpleNamespace(config={"reward": reward}))


@pytest.mark.parametrize(
    ("reward", "title", "phrase"),
    [
        ({"source": "verifier"}, "verifier", "a verifier"),
        ({"source": "random", "label_pairs": 9}, "random reward", "a random reward"),
        ({"source": "learned", "label_pairs": 100}, "reward model, 100 pairs", "a reward model of 100 label pairs"),
        (
            {"source": "both", "label_pairs": 7},
            "verifier and reward model, 7 pairs",
            "a verifier and a reward model of 7 label pairs",
        ),
        (
            {"source": "verifier", "false_positive_rate": 0.1, "false_negative_rate": 0.05},
            "verifier, 10 % false positives, 5 % false negatives",
            "a verifier with 10 % false positives and 5 % false negatives",
        ),
        (
            {"source": "learned", "label_pairs": 10000},
            "reward model, 10,000 pairs",
            "a reward model of 10,000 label pairs",
        ),
        (
            {"source": "learned", "label_pairs": 100, "model": "tiny:32x2", "label_noise": 0.25},
            "reward model, 100 pairs, tiny:32x2, 25 % wrong",
            "a reward model of 100 label pairs, 25 % of them wrong, made from tiny:32x2",
        ),
        ({"source": "verifier", "model": "tiny:32x2", "label_noise": 0.25}, "verifier", "a verifier"),
        ({}, "reward unknown", "an unknown reward"),
    ],
)
def test_names(reward: dict[str, Any], title: str, phrase: str) -> None:
    assert (of(**reward).title, of(**reward).phrase) == (title, phrase)


def test_what_was_not_used_makes_no_difference() -> None:
    assert of(source="verifier", label_pairs=100, lr=0.1) == of(source="verifier", label_pairs=8000)
    assert of(source="random", epochs=1) == of(source="random", epochs=2)
    assert of(source="verifier") == of(source="verifier", false_positive_rate=0.0)  # from before there were rates


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"source": "learned", "label_pairs": 100}, {"source": "learned", "label_pairs": 8000}),
        ({"source": "learned", "lr": 0.1}, {"source": "learned", "lr": 0.2}),
        ({"source": "both", "label_pairs": 1}, {"source": "learned", "label_pairs": 1}),
        ({"source": "verifier"}, {"source": "random"}),
        ({"source": "verifier"}, {"source": "verifier", "false_negative_rate": 0.1}),
        ({"source": "verifier", "components": {"a": 1.0}}, {"source": "verifier", "components": {"a": 2.0}}),
    ],
)
def test_what_was_used_does(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert of(**a) != of(**b)


def test_cells_by_reward_setting(tmp_path: Path) -> None:
    titles = [setting.title for setting in by_reward_setting(cells_of(tmp_path, *HACKING))]
    assert titles == ["verifier", "reward model, 8000 pairs", "reward model, 100 pairs", "random reward"]
