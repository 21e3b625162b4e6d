"""`rlvr-bench score`: rows in, rows out, bad rows named, and an exit status that says so."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.commands.score import score, verifiers
from rlvr_bench.harness.commands.score_files import ScoreError
from rlvr_bench.rewards.sandbox import sandbox
from tests.harness.cli_calls import call, main

ADD = {"type": "call", "entry": "add", "cases": [{"args": [1, 2], "want": 3}]}
ROWS: list[dict[str, Any]] = [
    {"kind": "math", "completion": "\\boxed{1/2}", "target": "0.5", "id": 7},
    {"kind": "format", "completion": "<think>a</think><answer>b</answer>", "target": None},
    {"kind": "exact", "completion": "<answer>x</answer>", "target": "y"},
]
CODE = {"kind": "code", "completion": "```\ndef add(a, b): return a + b\n```", "target": ADD}


def written(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_rows_come_back_with_their_verdicts(tmp_path: Path) -> None:
    file, out = written(tmp_path / "in.jsonl", ROWS), tmp_path / "out.jsonl"
    status, printed, err = call("score", str(file), "--out", str(out))
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert (status, printed) == (0, "")
    assert [(row["reward"], row["outcome"]) for row in rows] == [(1.0, "pass"), (1.0, "pass"), (0.0, "wrong")]
    assert [{k: row[k] for k in given} for row, given in zip(rows, ROWS, strict=True)] == ROWS
    assert "3 verdicts in" in err
    assert "verdicts/s" in err
    assert set(tmp_path.iterdir()) == {file, out}


def test_bad_rows_are_named_and_stop_nothing(tmp_path: Path) -> None:
    file = written(tmp_path / "in.jsonl", ["{", ROWS[0], {"kind": ["math"]}, "", ROWS[1] | {"kind": "poem"}])
    with file.open("ab") as raw:
        raw.write(b'{"kind": "math", "completion": "\xff", "target": "1"}\n')
    status, printed, err = call("score", str(file))
    assert status == 1
    assert [json.loads(line)["id"] for line in printed.splitlines()] == [7]
    assert [line.split(":")[0] for line in err.splitlines() if line.startswith("row ")] == [
        "row 1", "row 3", "row 5", "row 6",
    ]  # fmt: skip
    assert "4 bad rows" in err


def test_a_row_that_is_too_long_for_the_memory_is_a_bad_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlvr_bench.harness.commands.score_files.MAX_ROW_BYTES", 200)
    file = written(tmp_path / "in.jsonl", [{**ROWS[0], "completion": "x" * 900}, ROWS[0]])
    status, printed, err = call("score", str(file))
    assert (status, len(printed.splitlines())) == (1, 1)
    assert "row 1: longer than 200 bytes; shorten it" in err


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    import tracemalloc

    peaks = []
    for count in (2_000, 20_000):
        file = written(tmp_path / f"{count}.jsonl", [ROWS[1] | {"completion": f"x{i}"} for i in range(count)])
        tracemalloc.start()
        counts = score(file, tmp_path / "out.jsonl", verifiers())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert counts.rows == count
    assert peaks[1] < 1.3 * peaks[0]


def test_what_is_interrupted_leaves_what_was_done(tmp_path: Path) -> None:
    class Breaks:
        def verify(self, *_: Any) -> Any:
            raise KeyboardInterrupt

        def close(self) -> None:
            pass

    out = tmp_path / "out.jsonl"
    rows = [ROWS[1]] * 300 + [ROWS[2]]
    with pytest.raises(KeyboardInterrupt):
        score(written(tmp_path / "in.jsonl", rows), out, verifiers() | {"exact": Breaks})
    assert not out.exists()
    assert len(Path(f"{out}.partial").read_text().splitlines()) >= 256


def test_files_that_are_not_there_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, err = main(monkeypatch, capsys, "score", "nowhere.jsonl")
    assert (status, "nowhere.jsonl" in err, "Traceback" in err) == (2, True, False)
    file = written(tmp_path / "in.jsonl", ROWS)
    status, err = main(monkeypatch, capsys, "score", str(file), "--out", str(tmp_path / "no/out.jsonl"))
    assert (status, "--out" in err) == (2, True)
    with pytest.raises(ScoreError):
        score(tmp_path, None, verifiers())
    with pytest.raises(ScoreError, match="is a folder"):
        score(file, tmp_path, verifiers())


def test_limits_that_cannot_be_and_verifiers_that_raise_are_bad_rows(tmp_path: Path) -> None:
    class Raises:
        def verify(self, *_: Any) -> Any:
            raise ZeroDivisionError

        def close(self) -> None:
            pass

    rows = [CODE | {"limit_s": 10**400}, ROWS[2], ROWS[0]]
    counts = score(written(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl", verifiers() | {"exact": Raises})
    assert (counts.rows, counts.bad) == (1, 2)


def test_an_isolation_and_none_cannot_both_be_asked_for(tmp_path: Path) -> None:
    file = written(tmp_path / "in.jsonl", [CODE])
    with pytest.raises(ScoreError, match="give one of them"):
        call("score", str(file), "--unsafe-no-sandbox", "--tier", "bwrap")


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = (json.dumps(ROWS[0]) + "\n").encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert score(Path("-"), None, verifiers()).rows == 1
    assert json.loads(capsys.readouterr().out)["reward"] == 1.0


def test_without_a_sandbox_nothing_is_run_and_the_status_is_78(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sandbox, "self_test", lambda _: "code inside could open a socket")
    file = written(tmp_path / "in.jsonl", [CODE])
    status, err = main(monkeypatch, capsys, "score", str(file), "--tier", "landlock")
    assert status == 78
    assert "landlock: " in err
    assert "remedy" in err


def test_without_isolation_every_row_says_so_and_dangerous_ones_are_not_run(tmp_path: Path) -> None:
    file = written(tmp_path / "in.jsonl", [CODE, CODE | {"danger": True}, CODE])
    status, printed, err = call("score", str(file), "--unsafe-no-sandbox", "--workers", "1")
    rows = [json.loads(line) for line in printed.splitlines()]
    assert status == 1
    assert [(row["reward"], row["sandbox"]) for row in rows] == [(1.0, "unsafe")] * 2
    assert "row 2: marked as dangerous" in err
