"""The command line called from tests, and files to call it with."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

from rlvr_bench.harness import cli

RUN = """
task.name = "sort"
algorithm.name = "grpo"
model = { name = "tiny:16x1" }
rollout = { prompts = 2, group_size = 2, max_tokens = 3 }
train = { steps = 2, checkpoint_every = 1 }
evaluate = { every = 2, items = 4, samples = 2, k = [2] }
"""
SUITE = """
name = "two"
title = "Two"
[base]
model = { name = "tiny:16x1" }
rollout = { prompts = 2, group_size = 2, max_tokens = 3 }
train = { steps = 2 }
evaluate = { every = 0 }
algorithm = { name = "grpo" }
task = { name = "sort" }
[cells.fails]
label = "Its base model is never right"
run.reward = { source = "learned", label_pairs = 1, label_prompts = 4, label_samples = 2 }
[cells.works]
label = "Works"
[parts.p]
kind = "systems"
title = "P"
seeds = [1]
"""


def call(*words: str) -> tuple[int, str, str]:
    """Exit status, stdout, stderr of the command in this process."""
    result = CliRunner().invoke(cli.app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def main(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit status and stderr, through the entry point that users call."""
    monkeypatch.setattr(sys, "argv", ["rlvr-bench", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0), capsys.readouterr().err
