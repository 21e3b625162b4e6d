"""Hypotheses of a suite file: every mistake at once, with its place and its remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.suite_file import load_suite
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import Hypothesis

SUITE = """
name = "s"
title = "S"
[cells.a]
label = "A"
[cells.b]
label = "B"
[cells.c]
label = "C"
[parts.learning]
kind = "learning"
title = "L"
seeds = [1, 2, 3]
cells = ["a", "b"]
[parts.systems]
kind = "systems"
title = "S"
seeds = [1, 2]
cells = ["a", "b", "c"]
[searches.wide]
label = "Wide"
trials = 3
space = { "train.lr" = { low = 1e-4, high = 1e-2 } }
[searches.narrow]
label = "Narrow"
trials = 4
space = { "train.lr" = { low = 1e-4, high = 1e-3 } }
[parts.search]
kind = "search"
title = "T"
seeds = [1]
"""
FIELDS: dict[str, str] = {
    "id": '"accuracy.final"',
    "text": '"A ends as accurate as B."',
    "part": '"learning"',
    "measure": '"pass@1"',
    "cells": '["a", "b"]',
    "scale": '"difference"',
    "test": '"equivalent"',
    "margin": "0.02",
    "window": "20",
    "n": "3",
}

NEAR = {"part": '"search"', "measure": '"near_best"', "cells": '["wide", "narrow"]', "test": '"less"', "margin": "0.0"}


def table(**changed: str) -> str:
    return "[[hypotheses]]\n" + "".join(f"{name} = {value}\n" for name, value in (FIELDS | changed).items() if value)


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """The hypotheses of a suite with these tables."""

    def read(*tables: str) -> list[Hypothesis]:
        (tmp_path / "s.toml").write_text("\n".join([SUITE, *tables]))
        return [h.record() for h in load_suite(str(tmp_path / "s.toml")).hypotheses]

    return read


def test_a_table_becomes_a_record(read: Any) -> None:
    assert read() == []
    (one,) = read(table())
    assert one == Hypothesis(
        id="accuracy.final",
        text="A ends as accurate as B.",
        part="learning",
        measure="pass@1",
        cells=("a", "b"),
        scale="difference",
        test="equivalent",
        margin=0.02,
        window=20,
        n=3,
    )
    assert type(one) is Hypothesis


@pytest.mark.parametrize(
    "fine",
    [
        {"test": '"greater"', "margin": "0.0"},
        {"test": '"less"', "margin": "0"},
        {"scale": '"ratio"', "margin": "1.05"},
        {"scale": '"ratio"', "test": '"greater"', "margin": "0.8", "measure": '"target_seconds"'},
        {"part": '"systems"', "measure": '"peak_bytes"', "cells": '["c", "a"]', "n": "2"},
        {
            "part": '"search"',
            "measure": '"near_best"',
            "cells": '["wide", "narrow"]',
            "test": '"less"',
            "margin": "0.0",
        },
        {"measure": '"pass@256"'},
    ],
    ids=str,
)
def test_what_may_be_asked(fine: dict[str, str], read: Any) -> None:
    assert len(read(table(**fine))) == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"id": '"accuracy"'}, r"hypotheses\.accuracy\.id: must be two words with a dot between"),
        ({"id": '"A.b"'}, r"id: must be two words"),
        ({"text": '" "'}, r"hypotheses\.accuracy\.final\.text: is empty"),
        ({"part": '"x"'}, r"part: no part 'x' \(parts: learning, systems, search\)"),
        ({"cells": '["a", "c"]'}, r"cells: no cell 'c' in the part learning \(cells: a, b\)"),
        ({"cells": '["a", "a"]'}, r"cells: both are 'a'; name two different cells"),
        ({"cells": '["a"]'}, r"hypotheses\.0\.cells"),
        ({"cells": '["a", "b", "c"]'}, r"hypotheses\.0\.cells"),
        ({"measure": '"speed"'}, r"hypotheses\.0\.measure: .* got 'speed'"),
        ({"scale": '"log"'}, r"hypotheses\.0\.scale: .* got 'log'"),
        ({"test": '"two-sided"'}, r"hypotheses\.0\.test: .* got 'two-sided'"),
        ({"margin": "-0.1", "test": '"less"'}, r"margin: must be finite and at least 0, got -0\.1"),
        ({"margin": "inf", "test": '"less"'}, r"final\.margin: must be finite and at least 0, got inf"),
        ({"margin": "inf"}, r"final\.margin: must be finite and at least 0, got inf"),
        ({"margin": "nan"}, r"final\.margin: must be finite and at least 0, got nan"),
        ({"margin": "0.0"}, r"margin: an equivalence of scale difference needs one above 0, got 0"),
        ({"margin": "1.0", "scale": '"ratio"'}, r"margin: an equivalence of scale ratio needs one above 1, got 1"),
        ({"margin": "0.0", "scale": '"ratio"', "test": '"less"'}, r"margin: the threshold of a ratio must be above 0"),
        ({"window": "0"}, r"window: must be at least 1 step, got 0"),
        ({"n": "1"}, r"n: must be at least 2 pairs, got 1"),
        ({"n": "4"}, r"n: 4 pairs planned, the part learning has 3 seeds"),
        (
            {"part": '"systems"', "n": "2"},
            r"measure: pass@1 needs a part of kind learning, systems is systems \(there: step_seconds, peak_",
        ),
        (NEAR | {"cells": '["wide", "a"]'}, r"cells: no search 'a' in the part search \(searches: wide, narrow\)"),
        (NEAR | {"part": '"learning"'}, r"cells: no search 'wide' in the part learning \(searches: none\)"),
        (NEAR | {"n": "4"}, r"n: 4 trials planned, wide has 3; add trials, or plan fewer"),
        (
            NEAR | {"test": '"equivalent"', "margin": "0.1"},
            r"test: near_best is compared as a difference, greater or less",
        ),
        (NEAR | {"scale": '"ratio"'}, r"test: near_best is compared as a difference, greater or less"),
        (NEAR | {"margin": "0.1"}, r"margin: Fisher's exact test has none, got 0\.1; set it to 0"),
        ({"margin": ""}, r"hypotheses\.0\.margin"),
        ({"n": "3\nseeds = 3"}, r"hypotheses\.0\.seeds"),
    ],
)
def test_a_mistake_is_told_with_its_place(changed: dict[str, str], message: str, read: Any) -> None:
    with pytest.raises(ConfigError, match=message):
        read(table(**changed))


def test_all_mistakes_come_at_once(read: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        read(table(n="9", window="0"), table(cells='["c", "d"]'))
    places = [line.partition("s.toml: ")[2].partition(":")[0] for line in caught.value.problems]
    final = "hypotheses.accuracy.final"
    assert places == ["hypotheses", f"{final}.window", f"{final}.n", f"{final}.cells", f"{final}.cells"]


def test_there_are_at_most_a_handful(read: Any) -> None:
    tables = [table(id=f'"accuracy.n{i}"') for i in range(9)]
    assert len(read(*tables[:8])) == 8
    with pytest.raises(ConfigError, match="hypotheses: 9, at most 8"):
        read(*tables)
