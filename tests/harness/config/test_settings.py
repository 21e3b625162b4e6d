"""Every setting is described by what the code says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.config.settings import Setting, all_settings, find, in_words, settings_of, toml, without_none
from rlvr_bench.harness.errors import UserError


@dataclass(frozen=True)
class Parent:
    size: int = 3
    """Edge of a box,
    meters."""
    speed: float = 1.0
    """Meters per second."""


@dataclass(frozen=True)
class Child(Parent):
    speed: float = 2.0
    """Of the child."""
    silent: bool = False
    name: str = field(kw_only=True)
    """What it is called."""


def test_a_class_is_read_with_those_that_it_is_made_from() -> None:
    assert settings_of(Child, "box.", "toy") == [
        Setting("box.size", "toy", "Edge of a box, meters.", "whole number", "3"),
        Setting("box.speed", "toy", "Of the child.", "number", "2.0"),
        Setting("box.silent", "toy", "", "true or false", "false"),
        Setting("box.name", "toy", "What it is called.", "text", "required"),
    ]


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (Annotated[int, Field(ge=1)], "whole number, at least 1"),
        (Annotated[float, Field(gt=0, le=10)], "number, above 0, at most 10"),
        (Annotated[int, Field(ge=0)] | Literal["auto"], "whole number, at least 0 or auto"),
        (Literal["a", "b"], "one of: a, b"),
        (str | None, "text or nothing"),
        (tuple[Annotated[int, Field(ge=1)], ...], "list, each a whole number, at least 1"),
        (dict[str, float], "table, each value a number"),
        (Mapping[str, Any], "table"),
        (Parent, "Parent"),
    ],
)
def test_types_are_words(hint: Any, words: str) -> None:
    assert in_words(hint) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"correct": 1.0}, "{correct = 1.0}"),
        ((4, 8), "[4, 8]"),
        (True, "true"),
        (3e-4, "0.0003"),
        ("a", '"a"'),
        (None, "left out"),
    ],
)
def test_values_are_written_as_in_toml(value: Any, text: str) -> None:
    assert toml(value) == text


def test_a_table_that_may_be_left_out_is_known_by_its_fields() -> None:
    paths = [one.path for one in settings_of(RunConfig) if one.path.startswith("model.adapter")]
    assert paths == ["model.adapter.rank", "model.adapter.alpha", "model.adapter.targets"]
    assert without_none(str | None) == str | None


def test_every_setting_says_what_it_means() -> None:
    assert [one.path for one in settings_of(RunConfig) if not one.meaning] == []
    assert [(one.path, one.plugin) for one in all_settings() if not one.meaning and one.plugin != "parity"] == []


def test_a_setting_is_found_by_path_by_section_and_by_its_last_name() -> None:
    assert [one.path for one in find("train.lr")] == ["train.lr"]
    assert [one.path for one in find("compute")] == ["compute.threads", "compute.share", "compute.autocast"]
    assert [one.path for one in find("grad_clip")] == ["train.grad_clip"]
    assert {one.plugin for one in find("algorithm.clip_low")} >= {"ppo", "grpo"}
    assert {one.plugin for one in find("gae_lambda")} >= {"ppo"}
    assert find("task.name")[0].type.startswith("one of: ")


@pytest.mark.parametrize(
    ("asked", "named"),
    [("trian.lr", "train.lr"), ("groupsize", "rollout.group_size"), ("xyzzy", "name a section"), ("train.", "train")],
)
def test_what_is_not_there_brings_what_is_near(asked: str, named: str) -> None:
    with pytest.raises(UserError, match=named):
        find(asked)
