"""`rlvr-bench init`: a run's configuration to begin with, every setting in it with its meaning."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlvr_bench.harness.config.settings import all_settings, toml
from rlvr_bench.harness.errors import UserError

WIDTH = 100
FIRST: dict[str, dict[str, Any]] = {
    "task": {"name": "sort", "min_digits": 4, "max_digits": 6},
    "algorithm": {"name": "grpo", "kl_coef": 0.04},
    "model": {"name": "tiny:64x2"},
    "warm_start": {"steps": 400, "batch": 64, "noise": 0.0, "habit": 0.3},
    "rollout": {"prompts": 32, "group_size": 8, "max_tokens": 20},
    "train": {"steps": 40, "minibatches": 4, "lr": 2e-4},
    "evaluate": {"every": 10, "items": 128, "samples": 4},
    "compute": {"threads": 1},
}
"""A small model that learns to sort digits, in a few minutes on two cores."""
TOP = """\
# One run of rlvr-bench: a small model learns to sort digits, in a few minutes on two cores.
#
# Train it:                           rlvr-bench train {name}
# With another setting:               rlvr-bench train {name} --set train.lr=1e-4
# What else a table can have:         rlvr-bench explain train
#
# For your own data, take this as the table [task], your own model, and leave [warm_start] out:
#
#     [task]
#     name = "jsonl"
#     path = "mine.jsonl"            # {{"prompt": "What is 2 + 2?", "answer": "4"}}, one object a line
#     verifier = "numeric"
#     template = "{{prompt}} Put the final number between <answer> and </answer>."
"""


def write_first(path: Path) -> None:
    """Write the file and say what to do with it.

    Raises:
        UserError: there is a file already, or it cannot be written.
    """
    text = first_config(path.name)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UserError(f"{path}: is there already and is left as it is; name another file") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; name another file") from None
    print(f"{path}; train it with: rlvr-bench train {path}")


def first_config(name: str) -> str:
    """The text of the file, which is called `name`."""
    meanings = {(one.path, one.plugin): one.meaning for one in all_settings()}
    parts = [TOP.format(name=name)]
    parts += [_table(section, values, meanings) for section, values in FIRST.items()]
    return "\n".join(parts)


def _table(section: str, values: Mapping[str, Any], meanings: Mapping[tuple[str, str], str]) -> str:
    plugin = str(values["name"]) if section in ("task", "algorithm") else ""
    lines = [f"[{section}]"]
    for key, value in values.items():
        path = f"{section}.{key}"
        meaning = meanings.get((path, plugin)) or meanings[path, ""]
        lines += [textwrap.fill(meaning, WIDTH, initial_indent="# ", subsequent_indent="# "), f"{key} = {toml(value)}"]
    return "\n".join(lines) + "\n"
