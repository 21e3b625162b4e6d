"""The command line, end to end where that is what matters."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rlvr_bench.harness import cli
from rlvr_bench.harness.metrics import markdown
from tests.harness.cli_calls import RUN, SUITE, call, main


def test_help_answers_at_once_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['rlvr-bench', '--help']\nfrom rlvr_bench.harness.cli import main\n"
        "try: main()\nfinally: print({'torch', 'transformers', 'matplotlib', 'pydantic'} & set(sys.modules))"
    )
    took = []
    for _ in range(5):
        begin = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        took.append(time.perf_counter() - begin)
        if took[-1] < 0.5:
            break
    assert done.stdout.rstrip().endswith("set()")
    assert all(command in done.stdout for command in ("run", "train", "eval", "report", "list", "doctor"))
    assert min(took) < 0.5


@pytest.mark.parametrize("what", cli.Listed)
def test_lists_are_valid_json_and_text(what: cli.Listed) -> None:
    status, out, _ = call("list", what.value, "--json")
    rows = json.loads(out)
    assert status == 0
    assert rows and all(row.keys() == rows[0].keys() and row["name"] for row in rows)
    assert all(row["name"] in call("list", what.value)[1] for row in rows)


def test_the_metrics_page_is_printed() -> None:
    assert call("list", "metrics", "--markdown")[:2] == (0, markdown())
    assert call("list", "tasks", "--markdown")[0] == 2


def test_doctor_tells_by_its_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    from rlvr_bench.harness.meters import environment

    status, out, _ = call("doctor", "--json")
    checks = json.loads(out)
    assert status == any(check["ok"] is False for check in checks)
    for ok, expected in ((True, 0), (None, 0), (False, 1)):
        monkeypatch.setattr(environment, "doctor", lambda ok=ok: [environment.Check("disk", ok, "5 GB", "buy one")])
        status, out, _ = call("doctor")
        assert (status, "buy one" in out) == (expected, ok is not True)


@pytest.mark.parametrize("command", ["run", "train"])
def test_a_bad_setting_is_told_in_plain_lines(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.toml").write_text(SUITE if command == "run" else RUN)
    words = [command, str(tmp_path / "x.toml"), "--set", "train.stepz=1", "--set", "model.dtype=float8"]
    status, err = main(monkeypatch, capsys, *words, "--out", str(tmp_path / "out"))
    assert status == 2
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
