"""The room of a reply: every right answer fits, a forged one of megabytes does not."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_bench.rewards.code.room import call_room, output_room
from rlvr_bench.rewards.sandbox import values

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.integers(0, 3000).map(lambda n: 10**n),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(max_size=3), inner), st.tuples(inner)),
    max_leaves=30,
)


def longest(value: Any, equality: str) -> Any:
    """The longest form of a value that equals it."""
    if isinstance(value, (list, tuple)):
        return {"tuple": [longest(item, equality) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[longest(key, equality), longest(item, equality)] for key, item in value.items()]}
    if equality == "exact" or not isinstance(value, (bool, int, float)):
        return values.encode(value)
    forms = [values.encode(value)]
    if isinstance(value, float) and value.is_integer():
        forms.append(values.encode(int(value)))
    with contextlib.suppress(OverflowError):
        forms.append({"complex": [float(value), 0.0]} if float(value) == value else forms[0])
    return max(forms, key=lambda form: len(json.dumps(form)))


@given(st.lists(VALUES, max_size=5), st.sampled_from(["exact", "python"]))
def test_every_spelling_of_a_right_answer_fits(wants: list[Any], equality: str) -> None:
    forms = [longest(want, equality) for want in wants]
    exact = equality == "exact"
    for form, want in zip(forms, wants, strict=True):
        assert values.canonical(form, exact=exact) == values.canonical(values.encode(want), exact=exact)
    target = {"type": "call", "entry": "f", "equality": equality, "cases": [{"args": [], "want": w} for w in wants]}
    assert len(json.dumps({"values": forms})) <= call_room(target)


@pytest.mark.parametrize("want", [[1e300] * 1000, [1] * 1000, [[]] * 1000, [True] * 1000, [set()] * 1000])
def test_a_thousand_of_the_shortest_spellings_fit_in_the_longest(want: list[Any]) -> None:
    spelled = {"exact": lambda item: values.encode(item), "python": lambda item: longest(item, "python")}
    for equality, spell in spelled.items():
        target = {"type": "call", "entry": "f", "equality": equality, "cases": [{"args": [], "want": want}]}
        assert len(json.dumps({"values": [{"tuple": [spell(item) for item in want]}]})) <= call_room(target)


def test_a_small_answer_has_little_room() -> None:
    target = {"type": "call", "entry": "f", "cases": [{"args": [], "want": 3}]}
    assert 4096 <= call_room(target) < 5000
    assert call_room(target | {"cases": [{"args": [], "want": 3, "equality": "python"}]}) < 5000


def test_an_output_has_room_for_blanks() -> None:
    assert output_room("") == 1 << 16
    assert output_room("ä" * 1000) == (1 << 16) + 8000
