"""How wide a text is in print is estimated here, from the metrics of Computer Modern, TeX's own font.

The widths are those of cmr10; smaller designs are relatively wider, by the factor of the size.  Kerns and ligatures,
which nearly always make a text narrower, are left out, so that an estimate is rather too wide than too narrow.
"""

from __future__ import annotations

import unicodedata

# Thousandths of the font's size.  <, > and | are set in math, where they have the widths given here.
_GROUPS = {
    278: "!',.:;[]`il|", 306: "fj", 333: "-", 361: "I", 389: "()t", 392: "r", 394: "s", 444: "cez", 472: "?",
    500: '"$*/0123456789\\^ago{}~_–', 514: "J", 528: "kqvxy", 556: "Sbdhnpu", 611: "Z", 625: "L", 653: "F", 681: "EP",
    708: "B", 722: "CTw", 736: "R", 750: "AHNUVXY", 764: "D", 778: "&+=@KOQ<>±×≤≥−", 785: "G", 833: "#%m√", 917: "M",
    1000: "—→", 1028: "W", 1170: "…",
}  # fmt: skip
_WIDTHS = {character: width / 1000 for width, group in _GROUPS.items() for character in group}
_SPACE, _AFTER_SENTENCE = 0.334, 0.45
_UNKNOWN = 1.0
FACTORS = {9: 1.029, 8: 1.063, 7: 1.165, 6: 1.267}  # by size in points: the largest ratio of any letter to cmr10's


def text_width(text: str, size: int) -> float:
    """Points that the text takes on one line.

    Args:
        size: of the font in points, a key of FACTORS.
    """
    total, before = 0.0, ""
    for character in text:
        if character == " ":
            total += _AFTER_SENTENCE if before in {".", ":", "?", "!"} else _SPACE
        else:
            # An accented letter is as wide as the letter.
            total += _WIDTHS.get(unicodedata.normalize("NFD", character)[0], _UNKNOWN)
        before = character
    return total * size * FACTORS[size]
