"""The command line itself: it starts fast, and errors of the user are plain lines with an exit status."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from rlvr_bench.harness import cli
from tests.harness.cli_calls import RUN, SUITE, call, main

VERBS = (
    "run",
    "train",
    "eval",
    "export",
    "reward-model",
    "score",
    "report",
    "watch",
    "list",
    "explain",
    "init",
    "doctor",
    "plan",
)
HEAVY = {"torch", "transformers", "matplotlib", "pydantic", "scipy", "numpy"}
# Of the commands only these are loaded with the command line: values and options, which import nothing further.
COMMANDS = "rlvr_bench.harness.commands"
OPTIONS = {COMMANDS, *(f"{COMMANDS}.{name}" for name in ("choices", "plan", "plan.verb", "studies", "studies.paper"))}


def test_help_takes_under_half_a_second_of_the_processor_and_loads_nothing_heavy() -> None:
    """Processor seconds, not the clock's: what else the machine does changes them little."""
    code = (
        "import sys; sys.argv = ['rlvr-bench', '--help']\nfrom rlvr_bench.harness.cli import main\n"
        f"try: main()\nfinally: print({HEAVY} & set(sys.modules) | "
        f"{{m for m in sys.modules if m.startswith('{COMMANDS}')}} - {OPTIONS})"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.rstrip().endswith("set()")
    assert all(re.search(rf"│ {verb} ", done.stdout) for verb in VERBS)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_without_being_loaded(verb: str) -> None:
    status, out, _ = call(verb, "--help")
    assert (status, f"rlvr-bench {verb}" in out) == (0, True)


def test_commands_are_imported_inside_their_verbs_only() -> None:
    source = Path(cli.__file__).read_text(encoding="utf-8")
    assert re.findall(r"^(?:from|import) (\S+)", source, flags=re.MULTILINE) == [
        "__future__", "contextlib", "sys", "pathlib", "typing", "typer",
        "rlvr_bench.harness.commands.choices", "rlvr_bench.harness.commands.plan.verb",
        "rlvr_bench.harness.commands.studies.paper",
    ]  # fmt: skip


def test_the_version_is_that_of_the_package() -> None:
    assert call("--version") == (0, f"rlvr-bench {version('rlvr-bench')}\n", "")


def test_a_shell_completes_verbs() -> None:
    """As bash asks: the words so far, and which of them the cursor is in."""
    asked = {"_RLVR_BENCH_COMPLETE": "complete_bash", "COMP_WORDS": "rlvr-bench ex", "COMP_CWORD": "1"}
    code = "import sys; sys.argv = ['rlvr-bench']\nfrom rlvr_bench.harness.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **asked}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "explain" in done.stdout.split()
    assert "run" not in done.stdout.split()


@pytest.mark.parametrize("command", ["run", "train"])
def test_each_bad_setting_is_a_plain_line(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.toml").write_text(SUITE if command == "run" else RUN)
    words = [command, str(tmp_path / "x.toml"), "--set", "train.stepz=1", "--set", "model.dtype=float8"]
    status, err = main(monkeypatch, capsys, *words, "--out", str(tmp_path / "out"))
    assert status == cli.USER_ERROR
    assert "Traceback" not in err
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 2
    assert any("did you mean 'steps'?" in line for line in lines)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [["run", "quik"], ["train", "no.toml"], ["eval", "nowhere"], ["report", "nowhere"]])
def test_what_is_not_there_is_named(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, err = main(monkeypatch, capsys, *words)
    assert (status, err.startswith("error: "), words[1] in err) == (2, True, True)
