"""A base model that earns nothing, or hardly ever gives an answer, teaches nothing: said after the first evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MARK = "note: "
"""Begins the line, by which a suite finds it in the log of a run."""
SILENT = ("no_answer", "no_code")
"""Outcomes of completions in which the verifier finds nothing that it could judge."""
MOST_SILENT = 0.9
"""Share of such completions from which on it is said."""
SHOWN = 200
"""Characters of a prompt or a completion."""


def first_look(rows: Sequence[Mapping[str, Any]], form: str) -> str | None:
    """A line about a base model that cannot learn as it is; None about any other.

    Args:
        rows: the sampled completions of the first evaluation.
        form: in which the verifier expects an answer.
    """
    judged = [row for row in rows if row["reward"] is not None]
    right = sum(row["outcome"] == "pass" for row in judged)
    silent = [row for row in judged if row["outcome"] in SILENT]
    if not judged or (right and len(silent) < MOST_SILENT * len(judged)):
        return None
    sample = (silent or judged)[0]
    return (
        f"{MARK}{right} of the base model's {len(judged)} completions are right, and in {len(silent)} the verifier "
        f"finds no answer.  It expects {form}.  To the prompt {_short(sample['prompt'])} the model wrote "
        f"{_short(sample['completion'])}.  Ask for that form in the task's template, allow more tokens "
        "(rollout.max_tokens), or take a model that can do the task: without right completions there is nothing to "
        "learn from."
    )


def _short(text: str) -> str:
    """Quoted, in one line; of a long text, what it ends with, where an answer would be."""
    return repr(text if len(text) <= SHOWN else f"...{text[-SHOWN:]}")
