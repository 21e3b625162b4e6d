"""`rlvr-bench list`: rows for people and for programs, without loading what is listed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from rlvr_bench.harness import cli
from rlvr_bench.harness.commands import listing
from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.metrics import markdown
from tests.harness.cli_calls import call


@pytest.mark.parametrize("what", cli.Listed)
def test_lists_are_valid_json_and_text(what: cli.Listed) -> None:
    status, out, _ = call("list", what.value, "--json")
    rows = json.loads(out)
    assert status == 0
    assert rows and all(row.keys() == rows[0].keys() and row["name"] for row in rows)
    text = call("list", what.value)[1]
    assert all(row["name"] in text for row in rows)


def test_plugins_are_described_by_the_first_line_of_their_module() -> None:
    (grpo,) = [row for row in listing.rows("algorithms") if row["name"] == "grpo"]
    assert grpo["from"] == "rlvr_bench.algorithms.grpo:GRPO"
    assert grpo["what"].startswith("Group relative policy optimization")


def test_the_metrics_page_is_printed_and_nothing_else_has_one() -> None:
    assert call("list", "metrics", "--markdown")[:2] == (0, markdown())
    with pytest.raises(UserError, match="list tasks --markdown"):
        call("list", "tasks", "--markdown")


def test_nothing_to_list() -> None:
    assert listing.text([]) == "none"
    with pytest.raises(ValueError, match="poems"):
        listing.rows("poems")


def test_nothing_heavy_is_loaded() -> None:
    code = (
        "import sys; from rlvr_bench.harness.commands import listing\n"
        "for what in ('algorithms', 'tasks', 'models', 'metrics'): listing.rows(what)\n"
        "print({'torch', 'transformers'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
