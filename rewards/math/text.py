"""Layout commands, units and full stops, which do not change a mathematical answer, are removed from its text."""

from __future__ import annotations

import re

TEXT_COMMANDS = "text|mbox|mathrm|textrm|textnormal|textup|textsf|texttt|textbf|textit|mathit|mathbf|mathsf"
"""Names of the commands that set words, as alternatives of a pattern."""

_UNIT_COMMAND = re.compile(rf"\\(?:{TEXT_COMMANDS})\s*\{{(?P<words>[^{{}}]*)\}}")
_TRAILING_UNIT = re.compile(rf"(?:\\[ ,;:!]|~|\s)*(?:{_UNIT_COMMAND.pattern})\s*(?:\^\s*\{{?\d\}}?)?$")
_NOT_A_UNIT = re.compile(
    r"(?<![A-Za-z])(?:or|and|not|to|pi|sqrt|sin|cos|tan|log|ln|exp|inf|infinity|nan|mod|choose|hundred|thousand|"
    r"million|billion|trillion|dozen|half|third|quarter|plus|minus|times|over|squared|cubed|by|is|are|was|the|an|"
    r"answer|solutions?|maybe|perhaps|no|wait|if|but|about|so|then|else|at|when|for|more|less|than|most|least|"
    r"(?![msghLl])[A-Za-z])(?![A-Za-z])|[0-9]",
    re.IGNORECASE,
)
_KNOWN_UNITS = re.compile(
    r"(?<=[\d})])\s*(?:(?:sq\.?|square|cubic|cu\.?)\s+)?(?:cm|mm|km|kg|mg|ml|lbs?|ft|mph|kph|hrs?|mins?|secs?|"
    r"hours?|minutes?|seconds?|days?|weeks?|months?|years?|degrees?|dollars?|cents?|meters?|metres?|centimeters?|"
    r"centimetres?|kilometers?|kilometres?|miles?|inch(?:es)?|feet|foot|yards?|pounds?|grams?|kilograms?|lit(?:er|re)s?|"
    r"units?|USD)(?:\^\{?\d\}?)?$"
)
_DEGREES = re.compile(r"\s*\^\s*(?:\\circ|\{\s*\\circ\s*\})\s*$|\s*\\degree\s*$")
_TRIGONOMETRY = re.compile(r"\\?(?:sin|cos|tan|cot|sec|csc)")
_PERCENT = r"(?:per ?cent|pct)"
_PERCENT_WORD = re.compile(rf"\s*(?:\\(?:{TEXT_COMMANDS})\s*\{{\s*{_PERCENT}\s*\}}|(?<![A-Za-z]){_PERCENT})$")
_WRAPPERS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
_DELETED = re.compile(
    r"\\(?:displaystyle|textstyle|limits|Bigl|Bigr|bigl|bigr|Big|big|left|right)(?![A-Za-z])|(?<!\\)\\!\s*"
)
# Math delimiters inside an answer become spaces: deleted, `4$2$` would be 42.
_SPACED = re.compile(r"\\(?:quad|qquad|thinspace)(?![A-Za-z])|(?<!\\)\\[;: $()\[\]]|[~$]")
_ARGUMENT = r"(\{(?:[^{}]|\{[^{}]*\})*\})"
_RENAMED = (
    (re.compile(r"\\[dtc]frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\frac\s*([0-9A-Za-z])"), r"\\frac{\1}"),
    (re.compile(rf"\\frac\s*{_ARGUMENT}\s*([0-9A-Za-z])"), r"\\frac\1{\2}"),
    (re.compile(r"\\(?:leq|leqslant)(?![A-Za-z])"), r"\\le "),
    (re.compile(r"\\(?:geq|geqslant)(?![A-Za-z])"), r"\\ge "),
    (re.compile(r"\\not\s*=|\\neq(?![A-Za-z])|(?:(?<=[A-Za-z}])|(?<=\s))!="), r"\\ne "),  # 3!=6 is a factorial
    (re.compile(r"\\not\s*\\in(?![A-Za-z])"), r"\\notin "),
    (re.compile(r"\\not\s*<"), r"\\ge "),
    (re.compile(r"\\not\s*>"), r"\\le "),
    (re.compile(r"\\not\s*\\le(?![A-Za-z])"), ">"),
    (re.compile(r"\\not\s*\\ge(?![A-Za-z])"), "<"),
    (re.compile(r"=="), "="),
    (re.compile(r"\\(?:lt)(?![A-Za-z])"), "<"),
    (re.compile(r"\\(?:gt)(?![A-Za-z])"), ">"),
    (re.compile(r"\\l(?:brace|\{)"), r"\\{"),
    (re.compile(r"\\rbrace(?![A-Za-z])"), r"\\}"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def cleaned(text: str) -> str | None:
    """The answer without what does not change it; None if it has characters that no answer has.

    ASCII only, but U+2212 is a minus: folding other characters would turn a superscript into a digit.
    """
    text = text.replace("\N{MINUS SIGN}", "-")
    if not text.isascii() or _CONTROL.search(text) or "__" in text:
        return None
    text = _unwrapped(text.strip())
    text = _stopless(text)
    text = _DELETED.sub("", text)
    text = _SPACED.sub(" ", text)
    for pattern, replacement in _RENAMED:
        text = pattern.sub(replacement, text)
    return _unwrapped(_unitless(_stopless(text.strip())))


def _stopless(text: str) -> str:
    return text[:-1].rstrip() if text.endswith(".") and not text.endswith("..") else text


def _unwrapped(text: str) -> str:
    """Without dollar signs or other math delimiters, and without braces, around the whole text."""
    changed = True
    while changed:
        changed = False
        for start, end in _WRAPPERS:
            if len(text) > len(start) + len(end) and text.startswith(start) and text.endswith(end):
                inner = text[len(start) : -len(end)]
                if start not in inner and end not in inner:
                    text, changed = inner.strip(), True
        if text.startswith("{") and _closing_brace(text) == len(text) - 1:
            text, changed = text[1:-1].strip(), True
    return text


def _closing_brace(text: str) -> int:
    depth = 0
    for match in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if depth == 0:
            return match.start()
    return -1


def _unitless(text: str) -> str:
    """Without a unit at the end.  A text that is only a unit stays, because it is the answer."""
    percent = _PERCENT_WORD.sub("", text)
    if percent != text and percent:
        return percent + "%"
    match = _TRAILING_UNIT.search(text)
    if match is not None and match.start() > 0 and not _NOT_A_UNIT.search(match["words"]) and match["words"].strip():
        return _stopless(text[: match.start()].rstrip())
    if not _TRIGONOMETRY.search(text):
        text = _DEGREES.sub("", text)
    return _KNOWN_UNITS.sub("", text).rstrip()


def without_words(text: str) -> str | None:
    """The number before words that may be its unit (`42 apples`); None if the text is not of this form.

    Only for comparison with a plain number: elsewhere the words could be variables.
    """
    match = re.fullmatch(r"(?P<number>[^A-Za-z]*[0-9}.])\s+(?P<words>[A-Za-z][A-Za-z ./^0-9]*)", text)
    if (
        match is None
        or len(match["words"].split()) > 3
        or _NOT_A_UNIT.search(re.sub(r"\^\{?\d\}?$", "", match["words"]))
    ):
        return None
    return match["number"]


def squeezed(text: str) -> str:
    """A text for comparison letter by letter: without text commands, and with white space only between digits."""
    text = _UNIT_COMMAND.sub(lambda match: match["words"], text)
    text = re.sub(r"(?<=[0-9])(?:\\,|\s)+(?=[0-9])", "~", text)  # 4 2 is not 42
    return re.sub(r"\\,|\s+", "", text)
