"""The outer shape of a mathematical answer: numbers, sets, tuples, intervals, matrices, equations, texts.

Different kinds are unequal even where their elements are equal.  A part without a shape of its own is an expression,
whose equality the caller decides (`Leaf`), so this module needs no computer algebra and takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rlvr_bench.rewards.math.text import squeezed, without_words
from rlvr_bench.rewards.numbers import parse_number

MAX_DEPTH = 20

_MIXED = re.compile(r"(-?)\s*(\d+)\s*\\frac\s*\{\s*(\d+)\s*\}\s*\{\s*(\d+)\s*\}|(-?)(\d+) +(\d+)\s*/\s*(\d+)")
_INFINITY = re.compile(r"([-+]?)\s*(?:\\infty|\\infin|infinity|inf|oo)", re.IGNORECASE)
_NAN = re.compile(r"[-+]?(?:nan|\\text\s*\{\s*nan\s*\}|\\mathrm\s*\{\s*nan\s*\})", re.IGNORECASE)
_TEXT = re.compile(r"\\(?:text|mbox|mathrm|textrm|textbf)\s*\{([^{}]*)\}|\(?([A-Za-z]{4,}(?:[ -][A-Za-z]+)*)\)?")
_MATH_WORDS = re.compile(r"(?:pi|sin|cos|tan|log|ln|sqrt|exp)")
_BASED = re.compile(r"([0-9A-Fa-f]+)_\s*(?:\{\s*(\d+)\s*\}|(\d+))")
_MATRIX = re.compile(
    r"[(\[|]?\s*\\begin\{(?P<kind>[pbBvV]?(?:small)?matrix|array)\}(?:\{[lcr| ]*\})?(?P<body>.*?)"
    r"\\end\{(?P=kind)\}\s*[)\]|]?",
    re.DOTALL,
)
_SYMBOL = re.compile(r"\\?[A-Za-z]+(?:_\{?\w+\}?)?(?:\([a-z]\))?")
_EITHER = re.compile(
    r"\\(?:text|mbox|mathrm)\s*\{[^{}]*(?<![a-z])or(?![a-z])[^{}]*\}|(?<![A-Za-z\\])or(?![A-Za-z])|\\lor|\\vee"
)
_BOTH = re.compile(r"\\(?:text|mbox|mathrm)\s*\{\s*,?\s*and\s*\}|(?<![A-Za-z\\])and(?![A-Za-z])")
_RELATION = re.compile(r"\\le(?![a-z])|\\ge(?![a-z])|\\ne(?:q)?(?![a-z])|\\in(?![a-z])|\\approx|\\sim|<=|>=|[=<>]")
_FLIPPED = {"<": ">", ">": "<", "\\le": "\\ge", "\\ge": "\\le", "=": "=", "\\ne": "\\ne"}
_SAME_RELATION = {"<=": "\\le", ">=": "\\ge", "\\neq": "\\ne"}
_TOKEN = re.compile(r"\\[{}]|\\[A-Za-z]+|\\.|.", re.DOTALL)
_OPEN, _CLOSE = {"(", "[", "{", "\\{", "\\langle"}, {")", "]", "}", "\\}", "\\rangle"}

Leaf = Callable[[str, str, bool], bool]
"""Equality of two expressions; with True, of two equations, each given as left side minus right side."""


@dataclass(frozen=True)
class Node:
    """An answer or a part of one."""

    kind: str
    """number, infinity, nan, text, hedge, base, list, union, matrix, relation, assign, expression, or a pair of
    delimiters such as `()`, `[)`, `{}`"""
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


def _relation(text: str, pieces: list[str], nested: Callable[[Sequence[str]], tuple[Node, ...]]) -> Node:
    operators = tuple(_SAME_RELATION.get(operator, operator) for operator in pieces[1::2])
    if not all(side.strip() for side in pieces[0::2]):
        return Node("expression", text)
    named = _SYMBOL.fullmatch(pieces[0].strip()) is not None
    if operators in (("=",), ("\\in",)) and named:
        return Node("assign", text, nested(pieces[0::2]), operators=operators)
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


def equal(gold: Node, answer: Node, leaf: Leaf) -> bool:
    """Whether two answers are the same mathematical object."""
    kinds = {gold.kind, answer.kind}
    if "nan" in kinds:
        return False
    if squeezed(gold.text) == squeezed(answer.text) and gold.kind == answer.kind:
        return True
    if "hedge" in kinds:
        return False
    if "assign" in kinds or "relation" in kinds:
        return _equal_relations(gold, answer, leaf)
    if gold.kind == "number" and answer.kind == "number":
        return gold.value == answer.value
    if gold.kind == "number" and answer.kind == "expression":
        number = without_words(answer.text)
        value = None if number is None else parse_number(number)
        if value is not None:
            return gold.value == value
    if "text" in kinds:
        return squeezed(gold.text).strip("()") == squeezed(answer.text).strip("()")
    if kinds <= {"number", "expression"}:
        return leaf(_expression(gold), _expression(answer), False)
    if kinds == {"list", "{}"}:  # the elements of a set, listed
        return len(gold.parts) == len(answer.parts) and _matched(gold.parts, answer.parts, leaf)
    if gold.kind != answer.kind:
        return False
    if gold.kind == "{}":
        forth = all(any(equal(a, b, leaf) for b in answer.parts) for a in gold.parts)
        return forth and all(any(equal(a, b, leaf) for a in gold.parts) for b in answer.parts)
    if len(gold.parts) != len(answer.parts):
        return False
    if gold.kind in ("list", "union"):
        return _matched(gold.parts, answer.parts, leaf)
    return bool(gold.parts) and all(equal(a, b, leaf) for a, b in zip(gold.parts, answer.parts, strict=True))


def _matched(gold: Sequence[Node], answer: Sequence[Node], leaf: Leaf) -> bool:
    """Whether two collections are equal in some order; greedy matching is enough, since equality is transitive."""
    left = list(answer)
    for node in gold:
        match = next((other for other in left if equal(node, other, leaf)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def _equal_relations(gold: Node, answer: Node, leaf: Leaf) -> bool:
    if gold.kind == answer.kind == "assign":
        same = squeezed(gold.parts[0].text) == squeezed(answer.parts[0].text)
        return same and gold.operators == answer.operators and equal(gold.parts[1], answer.parts[1], leaf)
    if gold.kind == "assign" and answer.kind != "relation":
        return equal(gold.parts[1], answer, leaf)
    if answer.kind == "assign" and gold.kind != "relation":
        return equal(gold, answer.parts[1], leaf)
    if gold.operators == answer.operators == ("=",):
        curves = all(re.search("[A-Za-z]", node.parts[-1].text) for node in (gold, answer) if node.kind == "assign")
        return curves and leaf(_difference(gold), _difference(answer), True)
    if len(gold.parts) != len(answer.parts) or {gold.kind, answer.kind} != {"relation"}:
        return False
    parts, operators = answer.parts, answer.operators
    if operators != gold.operators:
        parts = parts[::-1]
        operators = tuple(_FLIPPED.get(operator, "?") for operator in reversed(operators))
    return operators == gold.operators and all(equal(a, b, leaf) for a, b in zip(gold.parts, parts, strict=True))


def _expression(node: Node) -> str:
    return node.text if node.value is None else str(node.value)


def _difference(node: Node) -> str:
    return f"({node.parts[0].text})-({node.parts[1].text})"
