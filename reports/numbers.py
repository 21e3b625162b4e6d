"""Numbers become text here: one way to write each kind, always with its interval, or with why there is none."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from rlvr_bench.reports.stats import LEVEL, Estimate

ABSENT = "—"
TWICE = 2
LEVEL_TEXT = f"{100 * LEVEL:g} %"
INTERVAL = f"{LEVEL_TEXT} interval"
Format = Callable[[float], str]


def number(value: float) -> str:
    """Three significant digits, without an exponent where that reads well."""
    if value == 0:
        return "0"
    return f"{value:.0f}" if 100 <= abs(value) < 1e6 else f"{value:#.3g}"


def share(value: float) -> str:
    """A share in [0, 1]."""
    return f"{value:.3f}"


def percent(value: float) -> str:
    """A share as a percentage, to a tenth."""
    return f"{100 * value:.1f} %"


def error(value: float) -> str:
    """A relative error, with its sign if it has one at a tenth of a percent."""
    text = f"{100 * value:+.1f} %"
    return text[1:] if text[1:] == "0.0 %" else text


def points(value: float) -> str:
    """A difference of two shares, in percentage points, with its sign."""
    return f"{100 * value:+.1f}"


def change(value: float) -> str:
    """A difference in its own unit, with its sign."""
    return f"{value:+.3f}"


def factor(value: float) -> str:
    """A ratio."""
    return f"{value:.2f}"


def size(value: float) -> str:
    """Bytes in the binary unit that leaves one to four digits before the point."""
    for unit in ("B", "KiB", "MiB"):
        if abs(value) < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.2f} GiB"


def with_interval(estimate: Estimate | None, show: Format, unit: str = "") -> str:
    """`value [low, high] unit`; a single value says that it has no interval."""
    if estimate is None:
        return ABSENT
    tail = f" {unit}" if unit else ""
    if estimate.method == "exact":
        return f"{show(estimate.value)}{tail} (exact)"
    if estimate.low is None or estimate.high is None:
        return f"{show(estimate.value)}{tail} (n = {estimate.n}, no interval)"
    return f"{show(estimate.value)} [{show(estimate.low)}, {show(estimate.high)}]{tail}"


def compared(estimate: Estimate) -> str:
    """A ratio as a comparison: `37.6 % lower [36.1, 39.0]`, `1.55 times [1.40, 1.70]`, `more than 4.35 times`.

    One whose interval goes to more than twice is told as so many times, as `-155 % lower` would have to be worked out.
    """
    low, high = estimate.low, estimate.high
    if estimate.method == "exact":
        return f"{percent(1 - estimate.value)} lower" if estimate.value < 1 else f"{factor(estimate.value)} times"
    if not isfinite(estimate.value):
        return f"more than {factor(low or 0.0)} times"
    if estimate.value >= 1 or (high is not None and high > TWICE):
        value, ends = f"{factor(estimate.value)} times", (low, high)
        if low is not None and high is not None and not isfinite(high):
            return f"{value} [{factor(low)}, no upper end]"
        show: Format = factor
    else:
        value, show = f"{percent(1 - estimate.value)} lower", lambda v: f"{100 * v:.1f}"
        ends = (None if high is None else 1 - high, None if low is None else 1 - low)
    if ends[0] is None or ends[1] is None:
        return f"{value} (n = {estimate.n}, no interval)"
    return f"{value} [{show(ends[0])}, {show(ends[1])}]"


def ratio(estimate: Estimate) -> str:
    """A ratio as it is, ends without a limit said so: `0.97 [0.90, 1.05]`."""
    shown = with_interval(estimate, factor)
    return shown.replace("inf]", "no upper end]").replace("inf ", "no upper end ")


def plain(value: float) -> str:
    """A threshold inside a sentence: `.05`, `2`."""
    text = f"{value:g}"
    return text[1:] if text.startswith("0.") else text


def whole_percent(value: float) -> str:
    """A threshold inside a sentence: `10 %`."""
    return f"{100 * value:g} %"


def count(n: int, noun: str) -> str:
    """A number of things, with the noun in its number."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def whole(n: int) -> str:
    """A count; from five digits on with commas."""
    return f"{n:,}" if n >= 10_000 else str(n)


def p_value(p: float | None) -> str:
    """Three decimals, or that it is smaller."""
    if p is None:
        return ABSENT
    return "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 1 else "1"
