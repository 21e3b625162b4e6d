"""Foreign text is made safe to show here: completions, reasons and settings are untrusted data."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

# An absolute path of two or more parts: it names the machine that wrote the records, and no reader needs it.
_PATH = re.compile(r"(?<![\w.:/\\…])(?:/(?:[\w.+@~-]+/)+|~/(?:[\w.+@~-]+/)*|[A-Za-z]:\\(?:[\w.+@~ -]+\\)*)([\w.+@~-]*)")
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "|": r"$|$",
    "±": r"$\pm$", "×": r"$\times$", "–": "--", "—": "---", "…": r"\ldots{}", "≤": r"$\leq$", "≥": r"$\geq$",
    "−": "$-$", "→": r"$\rightarrow$", "√": r"$\surd$", "‘": "`", "’": "'", "“": "``", "”": "''", "\u00a0": "~",
}  # fmt: skip
# Printable ASCII, and the letters of Western Europe that have one in every encoding of TeX's fonts.
_LETTERS = (
    {chr(c) for c in range(32, 127)}
    | set("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ§©")
    | {"\n", "\t"}
)


def redact(value: Any) -> Any:
    """The value with absolute paths cut to their last part, in strings at any depth."""
    if isinstance(value, str):
        return _PATH.sub(lambda found: f"…/{found[1]}", value)
    if isinstance(value, dict):
        return {k: redact(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(redact(v) for v in value)
    return value


def printable(text: str, limit: int | None = None) -> str:
    """Control and direction-changing characters become visible escapes; longer text is cut and says so."""
    cut = limit is not None and len(text) > limit
    shown = "".join(_visible(c) for c in (text[:limit] if cut else text))
    return f"{shown} […{len(text) - (limit or 0)} more characters]" if cut else shown


def _visible(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return character
    return f"\\u{ord(character):04x}"


def one_line(text: str, limit: int | None = None) -> str:
    """Printable text on one line."""
    return printable(" ".join(text.split()), limit)


def typeset(text: str) -> str:
    """Text in which a character that pdflatex has no letter for is its number."""
    return "".join(c if c in _LETTERS or c in _LATEX else f"[U+{ord(c):04X}]" for c in text)


def latex(text: str) -> str:
    """Text as LaTeX shows it."""
    # Two hyphens would become a dash, two quotes another mark.
    apart = re.sub(r"(?<=([-`']))(?=\1)", "\0", typeset(text))
    return "".join("{}" if c == "\0" else _LATEX.get(c, c) for c in apart)


def markdown_cell(text: str) -> str:
    """Text that cannot leave its cell of a Markdown table, nor become HTML or a link there."""
    safe = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\|`*_\[\]])", r"\\\1", safe)


def markdown_block(text: str) -> str:
    """Text as an indented code block, which no run of back-ticks can close."""
    return "\n".join(f"    {line}" for line in printable(text).split("\n"))
