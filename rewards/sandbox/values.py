"""Values cross the sandbox's border as JSON with tags, for the builtin types only, and are compared in that form.

Sent into the sandbox as text, so it imports the standard library only.  Reading what a hostile child wrote gives a
wrong value or a `ValueError`, nothing else: no pickle, no eval, no names.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

_PLAIN = (bool, str, type(None))
_COUNTER = itertools.count()
_JSON_INT = 1 << 53  # a larger integer is sent in hexadecimal: decimal text takes quadratic time
# By the methods of the builtin type itself, because a subclass may define its own: str() of an enum is its name.
_TO_BASE: dict[type, Callable[[Any], Any]] = {
    int: int.__int__,
    float: float.__float__,
    complex: complex.__complex__,
    str: str.__str__,
    bytes: bytes.__bytes__,
    bytearray: bytes,
    list: lambda value: list(list.__iter__(value)),
    tuple: lambda value: tuple(tuple.__iter__(value)),
    dict: lambda value: dict(dict.items(value)),
    set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    Fraction: lambda value: _plain_number(*value.as_integer_ratio()),
    Decimal: lambda value: _plain_number(*value.as_integer_ratio()) if value.is_finite() else float(value),
}


def encode(value: Any) -> Any:
    """A tagged form of a value that `json` can write.

    A value that Python's `==` may find equal to one of a builtin type (a Counter, a namedtuple, an IntEnum, a
    Fraction) becomes that one, with the name of its type; any other becomes the name of its type alone.

    Raises:
        RecursionError: too deep, or it contains itself.
    """
    kind = type(value)  # not isinstance: a subclass can override everything
    if kind in _PLAIN or kind is float:
        return value
    if kind is int:
        return value if -_JSON_INT < value < _JSON_INT else {"int": hex(value)}
    if kind is list:
        return [encode(item) for item in value]
    if kind is dict:
        return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
    if kind in (tuple, set, frozenset):
        return {kind.__name__: [encode(item) for item in value]}
    if kind is bytes:
        return {"bytes": value.hex()}
    if kind is complex:
        return {"complex": [value.real, value.imag]}
    name = str(kind.__name__)[:80]
    base = next((base for base in _TO_BASE if issubclass(kind, base)), None)
    plain = None if base is None else _TO_BASE[base](value)
    return {"other": name} if plain is None else {"like": [name, encode(plain)]}


def _plain_number(numerator: int, denominator: int) -> int | float | None:
    """The integer or float that equals a fraction; None if there is none, as for 1/3."""
    if denominator == 1:
        return numerator
    try:
        nearest = numerator / denominator
    except OverflowError:
        return None
    return nearest if nearest.as_integer_ratio() == (numerator, denominator) else None


def decode(form: Any) -> Any:
    """The value that `encode` was given; arguments are sent into the sandbox this way.

    Raises:
        ValueError: not a form that `encode` makes.
    """
    if not isinstance(form, (list, dict)):
        return form
    if isinstance(form, list):
        return [decode(item) for item in form]
    tag, body = _tagged(form)
    if tag == "dict":
        return {decode(key): decode(item) for key, item in body}
    if tag in ("tuple", "set", "frozenset"):
        return {"tuple": tuple, "set": set, "frozenset": frozenset}[tag](decode(item) for item in body)
    if tag == "int":
        return int(body, 16)
    if tag == "bytes":
        return bytes.fromhex(body)
    if tag == "complex":
        return complex(*body)
    raise ValueError(f"no value is tagged {tag!r}")


def canonical(form: Any, *, exact: bool = True) -> str:
    """The canonical text of an encoded value: two values are equal exactly when their texts are.

    Types count (True is not 1, 1.0 is not 1), tuples and lists are one type, NaN equals nothing.  Texts are sorted
    instead of hashed, because a hostile child can make all hashes collide.

    Args:
        exact: False compares as Python's `==` does: True, 1, 1.0 and 1+0j are equal, a set equals a frozenset, a
            Counter equals a dict.  Tuples and lists are still one type: a target read from JSON has only lists.
    Raises:
        ValueError: not a form that `encode` makes.
        RecursionError: too deep.
    """
    if form is None or (exact and isinstance(form, bool)):
        return str(form)
    if isinstance(form, int) or (not exact and isinstance(form, float) and form.is_integer()):
        return f"i{int(form):x}"
    if isinstance(form, float):
        return repr(form + 0.0) if form == form else _unequal()  # adding 0.0 makes -0.0 positive
    if isinstance(form, str):
        return json.dumps(form)
    if isinstance(form, list):
        return f"[{','.join([canonical(item, exact=exact) for item in form])}]"
    if not isinstance(form, dict):
        raise ValueError(f"{type(form).__name__} is no encoded value")
    tag, body = _tagged(form)
    try:
        if tag == "int":
            return f"i{int(body, 16):x}"
        if tag == "bytes":
            return f"b{bytes.fromhex(body).hex()}"
        if tag == "complex" and not exact and complex(*body).imag == 0:
            return canonical(complex(*body).real, exact=False)
        if tag in ("tuple", "complex"):
            return ("c" if tag == "complex" else "") + canonical(list(body), exact=exact)
        if tag in ("set", "frozenset"):
            return f"{tag if exact else 'set'}{{{','.join(sorted(canonical(item, exact=exact) for item in body))}}}"
        if tag == "dict":
            pairs = sorted(f"{canonical(key, exact=exact)}:{canonical(item, exact=exact)}" for key, item in body)
            return f"{{{','.join(pairs)}}}"
        if tag == "like" and not exact:
            return canonical(body[1], exact=False)
    except (TypeError, OverflowError, LookupError) as error:
        raise ValueError(f"malformed {tag}") from error
    return _unequal()  # of no builtin type


def _unequal() -> str:
    return f"?{next(_COUNTER)}"


def _tagged(form: dict[str, Any]) -> tuple[str, Any]:
    if len(form) != 1:
        raise ValueError("an encoded value has one tag")
    return next(iter(form.items()))


def type_name(form: Any) -> str:
    """The type of an encoded value, for a verdict's detail; short, even if a hostile child wrote it."""
    if isinstance(form, dict):
        tag, body = _tagged(form)
        name = body if tag == "other" else body[0] if tag == "like" and isinstance(body, list) and body else tag
        return name[:80] if isinstance(name, str) else "unknown"
    return type(form).__name__
