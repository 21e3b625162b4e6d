"""Values on their way through the sandbox's border."""

from __future__ import annotations

import collections
import json
from typing import Any

import pytest

from rlvr_bench.rewards.sandbox.values import canonical, decode, encode, type_name

VALUES = [1, -(2**70), 1.5, "x", None, True, (1, (2,)), {"a": {1}}, {(1, 2): b"\xff"}, frozenset([3]), 2j, "a\ud800"]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_survive_the_way_through_json(value: Any) -> None:
    returned = decode(json.loads(json.dumps(encode(value))))
    assert (value, type(value)) == (returned, type(returned))


@pytest.mark.parametrize(
    "form", [{"int": 5}, {"int": "zz"}, {"dict": 5}, {"dict": [1]}, {"bytes": "x"}, {"a": 1, "b": 2}, {"set": 1}, {}]
)
def test_garbage_raises_a_value_error(form: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # each has a message of its own
        canonical(form)


def text(value: Any, *, exact: bool = True) -> str:
    return canonical(encode(value), exact=exact)


def test_exact_texts_distinguish_types() -> None:
    assert len({text(value) for value in (1, 1.0, True, "1", 1 + 0j, b"1", None)}) == 7
    assert text((1, [2])) == text([1, (2,)])
    assert text({1: 2, 3: 4}) == text({3: 4, 1: 2}) != text({"1": 2, "3": 4})
    assert text({1, 2}) == text({2, 1}) != text(frozenset([1, 2]))
    assert text(-0.0) == text(0.0)


def test_pythons_equality_ignores_the_type_of_a_number() -> None:
    assert len({text(value, exact=False) for value in (1, 1.0, True, 1 + 0j)}) == 1
    assert text({1.0}, exact=False) == text(frozenset([1]), exact=False)
    assert text("1", exact=False) != text(1, exact=False)
    assert text(2.0**70, exact=False) == text(2**70, exact=False) != text(2**70 + 1, exact=False)


@pytest.mark.parametrize(
    "value", [float("nan"), [float("nan")], object(), collections.Counter("a"), type("I", (int,), {})(3)]
)
def test_what_equals_nothing_does_not_equal_itself(value: Any) -> None:
    assert text(value) != text(value)


def test_the_name_of_a_type_is_short_even_if_a_hostile_child_wrote_it() -> None:
    assert type_name(encode(2**70)) == "int" and type_name({"other": "Counter"}) == "Counter"
    assert type_name({"other": "x" * 10**6}) == type_name({"x" * 10**6: 1}) == "x" * 80
    assert type_name({"other": [[1]] * 1000}) == "unknown"
