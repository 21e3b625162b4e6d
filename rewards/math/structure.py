"""The outer shape of a mathematical answer: numbers, sets, tuples, intervals, matrices, equations, texts.

A part without a shape of its own is an expression, which is left as text, so this module needs no computer algebra and
takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rlvr_bench.rewards.math.text import TEXT_COMMANDS
from rlvr_bench.rewards.numbers import parse_number

MAX_DEPTH = 20

_MIXED = re.compile(r"(-?)\s*(\d+)\s*\\frac\s*\{\s*(\d+)\s*\}\s*\{\s*(\d+)\s*\}|(-?)(\d+) +(\d+)\s*/\s*(\d+)")
_INFINITY = re.compile(r"([-+]?)\s*(?:\\infty|\\infin|infinity|inf|oo)", re.IGNORECASE)
_NAN = re.compile(r"[-+]?(?:nan|\\text\s*\{\s*nan\s*\}|\\mathrm\s*\{\s*nan\s*\})", re.IGNORECASE)
_TEXT = re.compile(rf"\\(?:{TEXT_COMMANDS})\s*\{{([^{{}}]*)\}}|\(?([A-Za-z]{{4,}}(?:[ -][A-Za-z]+)*)\)?")
_MATH_WORDS = re.compile(r"(?:pi|sin|cos|tan|log|ln|sqrt|exp)")
_BASED = re.compile(r"([0-9A-Fa-f]+)_\s*(?:\{\s*(\d+)\s*\}|(\d+))")
_MATRIX = re.compile(
    r"[(\[|]?\s*\\begin\{(?P<kind>[pbBvV]?(?:small)?matrix|array)\}(?:\{[lcr| ]*\})?(?P<body>.*?)"
    r"\\end\{(?P=kind)\}\s*[)\]|]?",
    re.DOTALL,
)
# What stands before `=` in `x = 5`, but no word that takes the equation back.
_SYMBOL = re.compile(
    r"(?!\\?(?:not|no|ne|neq|neg|never|neither|nor|isnt|cannot|unlike|without|except|false|wrong|lnot)(?![A-Za-z]))"
    r"\\?[A-Za-z]+(?:_\{?\w+\}?)?(?:\([a-z]\))?"
)
_EITHER = re.compile(
    rf"\\(?:{TEXT_COMMANDS})\s*\{{[^{{}}]*(?<![a-z])or(?![a-z])[^{{}}]*\}}|(?<![A-Za-z\\])or(?![A-Za-z])|\\lor|\\vee"
)
_BOTH = re.compile(rf"\\(?:{TEXT_COMMANDS})\s*\{{\s*,?\s*and\s*\}}|(?<![A-Za-z\\])and(?![A-Za-z])")
_RELATION = re.compile(r"\\(?:le|ge|ne|in|notin)(?![a-z])|\\approx|\\sim|<=|>=|[=<>]")
_SAME_RELATION = {"<=": "\\le", ">=": "\\ge"}
_TOKEN = re.compile(r"\\[{}]|\\[A-Za-z]+|\\.|.", re.DOTALL)
_OPEN, _CLOSE = {"(", "[", "{", "\\{", "\\langle"}, {")", "]", "}", "\\}", "\\rangle"}


@dataclass(frozen=True)
class Node:
    """An answer or a part of one."""

    kind: str
    """number, infinity, nan, text, hedge, base, list, union, matrix, matrices (an expression of them), relation,
    assign, expression, or a pair of delimiters such as `()`, `[)`, `{}`"""
    text: str
    parts: tuple[Node, ...] = ()
    value: Fraction | None = None
    operators: tuple[str, ...] = ()


def parse(text: str, depth: int = 0) -> Node:
    """The shape of a cleaned text."""
    text = text.strip()
    if depth > MAX_DEPTH:
        return Node("expression", text)
    simple = _simple(text)
    if simple is not None:
        return simple
    if _EITHER.search(text):
        return Node("hedge", text)

    def nested(parts: Sequence[str]) -> tuple[Node, ...]:
        return tuple(parse(part, depth + 1) for part in parts)

    matrix = _MATRIX.fullmatch(text)
    if matrix is not None and "\\begin" not in matrix["body"]:
        rows = [row for row in re.split(r"\\\\", matrix["body"]) if row.strip()]
        return Node("matrix", text, tuple(Node("row", row, nested(row.split("&"))) for row in rows))
    relation = _split(text, _RELATION)
    if len(relation) > 1:
        return _relation(text, relation, nested)
    items = _items(text)
    if len(items) > 1:
        return Node("list", text, _flat(nested(items)))
    union = [part for part in _split(text, re.compile(r"\\cup(?![a-z])")) if part != "\\cup"]
    if len(union) > 1:
        return Node("union", text, nested(union))
    if _MATRIX.search(text) is not None:
        return Node("matrices", text)
    inner = _delimited(text)
    if inner is not None:
        opening, body, closing = inner
        parts = _items(body) if body.strip() else []
        kind = opening.strip("\\") + closing.strip("\\")
        if len(parts) == 1 and kind == "()":
            return parse(body, depth + 1)
        return Node(kind, text, _flat(nested(parts)) if kind == "{}" else nested(parts))
    if text.count("\\pm") == 1 and "\\mp" not in text:
        return Node("list", text, nested([text.replace("\\pm", "+", 1).lstrip("+ "), text.replace("\\pm", "-", 1)]))
    if text.endswith("%"):
        return Node("expression", f"({text[:-1].removesuffix(chr(92))})/100")
    return Node("expression", text)


def _flat(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The nodes, where a plus-minus is replaced by the two values that it means."""
    return tuple(part for node in nodes for part in (node.parts if node.kind == "list" else (node,)))


def _simple(text: str) -> Node | None:
    """A number, infinity, a number in another base, or a text."""
    number = parse_number(text)
    if number is not None:
        return Node("number", text, value=number)
    match = _MIXED.fullmatch(text)
    if match is not None:
        sign, whole, over, under = match.group(1, 2, 3, 4) if match[2] else match.group(5, 6, 7, 8)
        if int(under):
            value = int(whole) + Fraction(int(over), int(under))
            return Node("number", text, value=-value if sign else value)
    match = _INFINITY.fullmatch(text)
    if match is not None:
        return Node("infinity", "-" if match[1] == "-" else "+")
    if _NAN.fullmatch(text):
        return Node("nan", text)
    if text in ("\\emptyset", "\\varnothing"):
        return Node("{}", text)
    match = _BASED.fullmatch(text)
    if match is not None:
        return Node("base", f"{match[1].lower().lstrip('0')}_{match[2] or match[3]}")
    match = _TEXT.fullmatch(text)
    if match is not None and not (match[2] and (_MATH_WORDS.search(match[2]) or _EITHER.search(match[2]))):
        words = match[1] if match[1] is not None else match[2]
        return Node("text", " ".join(words.strip("() ").split()))
    return None


def is_name(text: str) -> bool:
    """Whether a text can be what an answer is called, as in `x = 5`."""
    return _SYMBOL.fullmatch(text.strip()) is not None


def _relation(text: str, pieces: list[str], nested: Callable[[Sequence[str]], tuple[Node, ...]]) -> Node:
    operators = tuple(_SAME_RELATION.get(operator, operator) for operator in pieces[1::2])
    if not all(side.strip() for side in pieces[0::2]):
        return Node("expression", text)
    named = is_name(pieces[0])
    if operators in (("=",), ("\\in",)) and named:
        return Node("assign", text, nested(pieces[0::2]), operators=operators)
    if operators == ("=",) and is_name(pieces[2]):  # 5 = x
        return Node("assign", text, nested(pieces[2::-2]), operators=operators)
    if len(_items(text)) > 1:  # x=1, y=2
        return Node("list", text, nested(_items(text)))
    return Node("relation", text, nested(pieces[0::2]), operators=operators)


def _items(text: str) -> list[str]:
    """The parts between commas outside all brackets; `1,000, 2` has two."""
    text = _BOTH.sub(",", text)
    spaced = [part for part in _split(text, re.compile(r",\s+|;")) if not re.fullmatch(r",\s+|;", part)]
    if len(spaced) > 1 and all("," not in part or parse_number(part) is not None for part in spaced):
        return [part for part in spaced if part.strip()]
    return [part for part in _split(text, re.compile("[,;]")) if part not in (",", ";") and part.strip()]


def _split(text: str, separator: re.Pattern[str]) -> list[str]:
    """Pieces and separators in turn, where only separators outside all brackets count."""
    pieces, depth, start, position = [], 0, 0, 0
    while position < len(text):
        found = separator.match(text, position) if depth == 0 else None
        if found is not None:
            pieces += [text[start:position], found.group()]
            start = position = found.end()
            continue
        token = _TOKEN.match(text, position)
        assert token is not None
        depth += (token.group() in _OPEN) - (token.group() in _CLOSE)
        position = token.end()
    return [*pieces, text[start:]]


def _delimited(text: str) -> tuple[str, str, str] | None:
    """Opening, content and closing where one pair of delimiters encloses everything."""
    tokens = list(_TOKEN.finditer(text))
    if len(tokens) < 2 or tokens[0].group() not in _OPEN or tokens[-1].group() not in _CLOSE:
        return None
    depth = 0
    for token in tokens:
        depth += (token.group() in _OPEN) - (token.group() in _CLOSE)
        if depth == 0 and token is not tokens[-1]:
            return None
    if depth != 0:
        return None
    return tokens[0].group(), text[tokens[0].end() : tokens[-1].start()], tokens[-1].group()
