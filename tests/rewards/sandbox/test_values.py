"""Values on their way through the sandbox's border."""

from __future__ import annotations

import collections
import decimal
import enum
import fractions
import json
from typing import Any

import pytest

from rlvr_bench.rewards.sandbox.values import canonical, decode, encode, type_name

VALUES = [1, -(2**70), 1.5, "x", None, True, (1, (2,)), {"a": {1}}, {(1, 2): b"\xff"}, frozenset([3]), 2j, "a\ud800"]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_survive_the_way_through_json(value: Any) -> None:
    returned = decode(json.loads(json.dumps(encode(value))))
    assert (value, type(value)) == (returned, type(returned))


class Loud(list):
    """Answers every question about itself wrongly."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Any:
        return iter("loud")


class Shade(str, enum.Enum):  # noqa: UP042  # unlike a StrEnum, its str() is `Shade.DARK`
    DARK = "dark"


Level = enum.IntEnum("Level", {"HIGH": 3})
Point = collections.namedtuple("Point", "x y")
Whole, Real, Plane, Raw = (type("Own", (kind,), {}) for kind in (int, float, complex, bytes))
Half, Third = fractions.Fraction(1, 2), fractions.Fraction(1, 3)
LIKE: list[tuple[Any, Any]] = [
    (collections.Counter("aab"), {"a": 2, "b": 1}), (collections.OrderedDict([(2, 1), (1, 2)]), {1: 2, 2: 1}),
    (collections.defaultdict(list, {1: [Point(1, 2)]}), {1: [(1, 2)]}), (Point(1, 2), (1, 2)), (Loud([1]), [1]),
    (Level.HIGH, 3), (Whole(2**70), 2**70), (Real(2.5), 2.5), (Plane(2), 2), (Shade.DARK, "dark"), (Raw(b"x"), b"x"),
    (bytearray(b"x"), b"x"), ({Level.HIGH}, {3}), ({Shade.DARK: Level.HIGH}, {"dark": 3}), (Half, 0.5),
    (fractions.Fraction(4, 2), 2), (decimal.Decimal("0.5"), 0.5), (decimal.Decimal("3.00"), 3),
    (decimal.Decimal("-Infinity"), float("-inf")),
]  # fmt: skip
UNLIKE: list[tuple[Any, Any]] = [
    (Loud([1]), [2]), (collections.Counter("a"), {"a": 2}), (Point(1, 2), (2, 1)), (Shade.DARK, "Shade.DARK"),
    (Third, 1 / 3), (fractions.Fraction(10**400, 3), 1), (decimal.Decimal("0.1"), 0.1), (decimal.Decimal("NaN"), 1),
    (collections.deque([1]), [1]), (range(2), [0, 1]), (enum.Enum("Plain", {"A": 1})["A"], 1), ({}.keys(), []),
]  # fmt: skip


@pytest.mark.parametrize(("value", "plain"), LIKE, ids=repr)
def test_pythons_equality_takes_a_value_like_a_builtin_one_for_it(value: Any, plain: Any) -> None:
    sent = json.loads(json.dumps(encode(value)))
    assert canonical(sent, exact=False) == text(plain, exact=False)


@pytest.mark.parametrize(("value", "plain"), UNLIKE, ids=repr)
def test_pythons_equality_takes_no_other_value_for_it(value: Any, plain: Any) -> None:
    assert text(value, exact=False) != text(plain, exact=False)


@pytest.mark.parametrize("value", [value for value, _ in LIKE if type(value) not in (set, dict)], ids=repr)
def test_exactly_a_value_like_a_builtin_one_equals_nothing(value: Any) -> None:
    assert text(value) != text(value)


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


@pytest.mark.parametrize("form", [{"like": 1}, {"like": []}, {"like": {"a": 1}}, {"like": ["I", {"int": "zz"}]}])
def test_garbage_like_a_builtin_value_raises_a_value_error(form: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # each has a message of its own
        canonical(form, exact=False)
    assert len(type_name(form)) <= 80


@pytest.mark.parametrize("value", [float("nan"), [float("nan")], object()])
def test_what_equals_nothing_does_not_equal_itself(value: Any) -> None:
    assert text(value) != text(value)


def test_the_name_of_a_type_is_short_even_if_a_hostile_child_wrote_it() -> None:
    assert type_name(encode(2**70)) == "int" and type_name({"other": "Counter"}) == "Counter"
    assert type_name(encode(collections.Counter())) == "Counter" and type_name({"like": ["x" * 10**6]}) == "x" * 80
    assert type_name({"other": "x" * 10**6}) == type_name({"x" * 10**6: 1}) == "x" * 80
    assert type_name({"other": [[1]] * 1000}) == "unknown"
