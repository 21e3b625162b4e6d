"""Short texts become exact numbers: the fast path of every mathematical comparison.

Integers, decimals, powers of ten (`1e-5`), simple fractions, percentages and thousands separators become a
`Fraction`; anything else is None, which means "not a plain number" and never "wrong".  ASCII only, but U+2212 is a
minus: folding other characters would turn `4²` into 42.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

MAX_CHARS = 1000  # a longer answer counts as none, which keeps every conversion below cheap

# Groups of exactly three, no leading zero: `1,2,3` is a list, not 123.
_INTEGER = r"(?:[1-9][0-9]{0,2}(?:(?:,|\{,\}|\\,)[0-9]{3})+|[0-9]+)"
_DECIMAL = rf"(?:{_INTEGER}(?:\.[0-9]*)?|\.[0-9]+)"
_SIGN = r"[-+]?"
_NUMBER = re.compile(
    rf"(?P<sign>{_SIGN}) *(?:"
    rf"(?P<decimal>{_DECIMAL})(?:[eE](?P<exponent>[-+]?[0-9]{{1,3}}))?"
    rf"|(?P<over>{_DECIMAL}) */ *(?P<under>{_DECIMAL})"
    rf"|\\[dt]?frac *\{{ *(?P<top>{_SIGN} *{_DECIMAL}) *\}} *\{{ *(?P<bottom>{_SIGN} *{_DECIMAL}) *\}}"
    rf")(?P<percent> *\\?%| +(?:percent|pct))?"
)
_SEPARATORS = re.compile(r"\{,\}|\\,|,| ")


def parse_number(text: str) -> Fraction | None:
    """The exact value of a text that is one plain number; None if it is anything else.

    White space around it, one full stop after it and a dollar sign before it (`$5`, `-\\$5`) or a pair of
    them around it (`$5$`) are removed.  `p%`, `p percent` and `p pct` are p/100.
    """
    if len(text) > MAX_CHARS:
        return None
    text = text.strip(" \t\n\r\f\v").replace("\N{MINUS SIGN}", "-")
    if not text.isascii():
        return None
    match = _NUMBER.fullmatch(_undressed(text))
    if match is None:
        return None
    top = match["decimal"] or match["over"] or match["top"]
    value, below = _value(top), _value(match["under"] or match["bottom"] or "1")
    if below == 0:
        return None
    value /= below
    if match["exponent"]:
        value *= Fraction(10) ** int(match["exponent"])
    return (-value if match["sign"] == "-" else value) / (100 if match["percent"] else 1)


def written_out(number: int | float) -> str:
    """A number of JSON without a power of ten: `0.00001`, which Python writes `1e-05`."""
    return f"{Decimal(repr(number)):f}"


def _undressed(text: str) -> str:
    """The text without its full stop and dollar signs."""
    if text.endswith(".") and not text.endswith(".."):
        text = text[:-1].rstrip(" ")
    if len(text) > 2 and text[0] == text[-1] == "$":
        return text[1:-1].strip(" ")
    sign = text[:1] if text[:1] in ("-", "+") else ""
    return sign + text[len(sign) :].removeprefix("\\").removeprefix("$") if "$" in text[:3] else text


def _value(digits: str) -> Fraction:
    """A matched decimal with its sign and separators."""
    return Fraction(_SEPARATORS.sub("", digits).removesuffix("."))
