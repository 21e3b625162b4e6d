"""Which cells may be compared: one reward in all that was used of it, never only one name of a source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.reward_setting import by_treatment, treatment
from rlvr_bench.reports.load import Cell, load
from tests.reports import synthetic
from tests.reports.hacking import HACKING, spec
from tests.reports.synthetic import LEARNING, Spec


def of(**reward: Any) -> Any:
    return treatment(SimpleNamespace(config={"reward": reward}))


def cells(folder: Path, *specs: Spec) -> tuple[Cell, ...]:
    part = replace(LEARNING, seeds=(0,))
    return load(synthetic.write(folder, specs, [part], steps=2)).cells(part)


def names(pairs: list[tuple[Cell, Cell]]) -> list[tuple[str, ...]]:
    return [tuple(c.name for c in pair) for pair in pairs]


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


def test_pairs_are_matched_within_one_treatment(tmp_path: Path) -> None:
    every = cells(tmp_path / "all", *HACKING)
    kinds = ("verifier", "many", "few", "random")
    assert names(matching.matched_pairs(every)) == [(f"ppo-{k}", f"grpo-{k}") for k in kinds]
    assert [t.title for t in by_treatment(every)][1:3] == ["reward model, 8000 pairs", "reward model, 100 pairs"]
    crossed = (spec("many", "ppo"), spec("few", "grpo"), spec("verifier", "ppo"), spec("random", "grpo"))
    assert matching.matched_pairs(cells(tmp_path / "crossed", *crossed)) == []


def test_a_noisy_verifier_is_not_the_verifier(tmp_path: Path) -> None:
    noisy = [
        replace(spec("verifier", a), name=f"{a}-noisy", reward={"false_positive_rate": 0.2}) for a in ("ppo", "grpo")
    ]
    found = cells(tmp_path, *noisy, *HACKING[:3])
    assert names([matching.matched_pair(found, "verifier")]) == [("ppo-verifier", "grpo-verifier")]
    assert names(matching.learned_pairs(found)) == [("ppo-many", "ppo-verifier")]
    assert len(matching.matched_pairs(found)) == 2


def test_label_pairs_are_of_one_algorithm(tmp_path: Path) -> None:
    found = matching.label_pairs(cells(tmp_path / "all", *HACKING))
    assert names(found) == [("ppo-many", "ppo-few"), ("grpo-many", "grpo-few")]
    assert matching.label_pairs(cells(tmp_path / "crossed", spec("many", "ppo"), spec("few", "grpo"))) == []
