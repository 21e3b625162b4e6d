"""`rlvr-bench explain SETTING`: what a setting means, which values it takes and what it is by default."""

from __future__ import annotations

import textwrap

from rlvr_bench.harness.config.settings import Setting, find
from rlvr_bench.harness.text_table import WIDTH

INDENT = "    "


def show_setting(asked: str) -> None:
    """Print one setting, the same one of several plugins, or all of a section.

    Raises:
        UserError: there is none; names those that are near.
    """
    print("\n\n".join(text(one) for one in find(asked)))


def text(setting: Setting) -> str:
    """A setting as a few lines."""
    owner = f"  ({setting.plugin})" if setting.plugin else ""
    meaning = textwrap.fill(setting.meaning, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
    facts = (("type", setting.type), ("default", setting.default))
    wide = INDENT + " " * len("default  ")
    lines = [
        textwrap.fill(f"{name:<7}  {fact}", WIDTH, initial_indent=INDENT, subsequent_indent=wide)
        for name, fact in facts
    ]
    return "\n".join([setting.path + owner, *([meaning] if meaning else []), *lines])
