"""Foreign text cannot do harm on a page, in LaTeX or in a terminal."""

from __future__ import annotations

from rlvr_bench.reports.escape import latex, markdown_block, markdown_cell, one_line, printable, redact


def test_redaction_keeps_what_is_no_path() -> None:
    assert redact("see /home/me/x/run.log") == "see …/run.log"
    assert redact({"model": "/data/models/qwen"}) == {"model": "…/qwen"}
    assert redact(("/a/b/c", ["~/x/y"])) == ("…/c", ["…/y"])
    assert redact("tokens/s and a/b, 3 / 4") == "tokens/s and a/b, 3 / 4"
    assert redact("Qwen/Qwen2.5-0.5B") == "Qwen/Qwen2.5-0.5B"
    assert redact("C:\\Users\\me\\x.log") == "…/x.log"
    assert redact(7) == 7


def test_controls_become_visible() -> None:
    assert printable("a\x1bb\u202ec\n") == "a\\u001bb\\u202ec\n"
    assert printable("abcdef", 2) == "ab […4 more characters]"
    assert markdown_cell("a`b\nc") == "a\\`b c"
    assert one_line(" a\n b\t") == "a b"


def test_latex_has_no_live_character() -> None:
    assert latex("\\") == r"\textbackslash{}"
    assert latex("50 % of a_b ± 1") == r"50 \% of a\_b $\pm$ 1"


def test_latex_has_a_letter_for_everything_and_joins_no_signs() -> None:
    assert latex("☃ ≥ ü") == r"[U+2603] $\geq$ ü"
    assert latex("--x ``y' — –") == "-{}-x `{}`y' --- --"


def test_a_block_stays_a_block() -> None:
    assert markdown_block("```\n</pre>") == "    ```\n    </pre>"
