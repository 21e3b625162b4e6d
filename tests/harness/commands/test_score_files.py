"""Files of `score`: nothing is destroyed, nothing is lost without a word, and errors are named."""

from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.commands.score import score, verifiers
from rlvr_bench.harness.commands.score_files import ScoreError, _is_still, _whole_rows, lines, opened, sink
from rlvr_bench.rewards.score_file import Unreadable

ROW = {"kind": "format", "completion": "<think>a</think><answer>b</answer>", "target": None}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three rows."""
    return written(tmp_path / "in.jsonl", 3)


def written(path: Path, count: int) -> Path:
    path.write_text("".join(json.dumps(ROW | {"n": i}) + "\n" for i in range(count)))
    return path


def run(source: Path, out: Path | None) -> int:
    return score(source, out, verifiers()).rows


def command(*words: object, shell: str = '"$@"', **options: Any) -> subprocess.Popen[str]:
    """The command in a process of its own, started by a shell that can close or redirect its streams.

    SIGINT ends it, also where the tests run in the background of a shell, which ignores that signal.
    """
    given = ["bash", "-c", shell, "bash", sys.executable, "-m", "rlvr_bench.harness.cli", "score", *map(str, words)]
    options = {"preexec_fn": partial(signal.signal, signal.SIGINT, signal.SIG_DFL)} | options
    return subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit status, standard output and error."""
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err + out and "Exception ignored" not in err
    return process.returncode, out, err


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


# What is no regular file is written to as it is.


def test_a_device_is_not_replaced(tmp_path: Path, source: Path) -> None:
    device = tmp_path / "null"
    try:
        os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        device.open("w").close()
    except OSError as error:
        pytest.skip(f"a device cannot be made here: {error}")
    assert run(source, device) == 3
    assert stat.S_ISCHR(device.lstat().st_mode)
    assert {path.name for path in tmp_path.iterdir()} == {"null", "in.jsonl"}


def test_a_link_to_a_device_is_not_replaced(tmp_path: Path, source: Path) -> None:
    link = tmp_path / "out"
    link.symlink_to("/dev/null")
    assert run(source, link) == 3
    assert os.readlink(link) == "/dev/null" and stat.S_ISCHR(link.stat().st_mode)
    assert {path.name for path in tmp_path.iterdir()} == {"out", "in.jsonl"}


@pytest.mark.parametrize("linked", [False, True])
def test_a_fifo_is_not_replaced(tmp_path: Path, source: Path, linked: bool) -> None:
    fifo, link = tmp_path / "fifo", tmp_path / "link"
    os.mkfifo(fifo)
    link.symlink_to(fifo)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_text()), daemon=True)
    reader.start()
    assert run(source, link if linked else fifo) == 3
    reader.join(10)
    assert [json.loads(line)["reward"] for line in got[0].splitlines()] == [1.0] * 3
    assert stat.S_ISFIFO(fifo.lstat().st_mode) and link.is_symlink()


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("links", [1, 2])
def test_a_link_is_followed(tmp_path: Path, source: Path, links: int, there: bool) -> None:
    (tmp_path / "real").mkdir()
    out = tmp_path / "real" / "out.jsonl"
    if there:
        out.write_text("old\n")
    link = tmp_path / "link0"
    link.symlink_to("real/out.jsonl")
    if links == 2:
        (tmp_path / "link1").symlink_to("link0")
    assert run(source, tmp_path / f"link{links - 1}") == 3
    assert len(out.read_text().splitlines()) == 3 and "old" not in out.read_text()
    assert link.is_symlink() and not out.is_symlink()
    assert os.listdir(tmp_path / "real") == ["out.jsonl"]


def test_links_that_lead_nowhere_are_named(tmp_path: Path, source: Path) -> None:
    loop, lost = tmp_path / "loop", tmp_path / "lost"
    loop.symlink_to("loop")
    lost.symlink_to("nowhere/out")
    with pytest.raises(ScoreError, match=r"loop: Too many levels of symbolic links; choose another --out"):
        run(source, loop)
    with pytest.raises(ScoreError, match=r"nowhere/out.partial: No such file or directory; choose another --out"):
        run(source, lost)
    assert loop.is_symlink() and lost.is_symlink()


def test_a_partial_that_is_no_regular_file_is_neither_followed_nor_replaced(tmp_path: Path, source: Path) -> None:
    victim, fifo = tmp_path / "victim", tmp_path / "b.partial"
    victim.write_text("keep")
    (tmp_path / "a.partial").symlink_to(victim)
    os.mkfifo(fifo)
    with pytest.raises(ScoreError, match=r"a.partial: Too many levels"):
        run(source, tmp_path / "a")
    with pytest.raises(ScoreError, match=r"b.partial: is no regular file; remove it"):
        run(source, tmp_path / "b")
    assert victim.read_text() == "keep" and stat.S_ISFIFO(fifo.lstat().st_mode)


def test_standard_output_by_its_name_keeps_what_is_in_its_file(tmp_path: Path, source: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    link = tmp_path / "link"  # what goes wrong replaces it, not the machine's own
    link.symlink_to("/dev/stdout")
    shell = f'"$@" >> {log}; echo after >> {log}'
    assert ended(command(source, "--out", link, shell=shell))[0] == 0
    text = log.read_text().splitlines()
    assert (text[0], len(text), text[-1]) == ("before", 5, "after")
    status, out, _ = ended(command(source, "--out", link, shell='"$@" | cat'))
    assert (status, len(out.splitlines())) == (0, 3)


# Full disks, closed streams, readers that leave.


def test_a_full_device_is_named(tmp_path: Path, source: Path) -> None:
    link = tmp_path / "full"
    link.symlink_to("/dev/full")
    with pytest.raises(ScoreError, match=r"full: No space left on device; choose another --out"):
        run(source, link)
    assert link.is_symlink()


def test_a_full_disk_is_named_and_the_partial_holds_whole_rows(tmp_path: Path) -> None:
    source, out = written(tmp_path / "in.jsonl", 300), tmp_path / "out.jsonl"
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))  # noqa: E731
    status, _, err = ended(command(source, "--out", out, preexec_fn=limit))
    kept = (tmp_path / "out.jsonl.partial").read_text()
    assert status == 2 and not out.exists()
    assert 5_000 < len(kept) <= 10_000 and [json.loads(line)["n"] for line in kept.splitlines()] == list(
        range(kept.count("\n"))
    )
    assert f"error: {out}.partial: File too large; free some space, or choose another --out" in err
    assert f"{kept.count(chr(10))} verdicts are in {out}.partial" in err


def test_standard_output_on_a_full_disk_is_named(source: Path) -> None:
    status, _, err = ended(command(source, shell='"$@" > /dev/full'))
    assert (status, "error: standard output: No space left on device; give --out" in err) == (2, True)


def test_a_reader_that_leaves_is_named(tmp_path: Path) -> None:
    source = written(tmp_path / "in.jsonl", 3000)
    shell = 'set -o pipefail; "$@" | head -n 1 > /dev/null'
    status, _, err = ended(command(source, shell=shell))
    assert (status, "error: standard output: Broken pipe; give --out" in err) == (2, True)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = command(source, "--out", fifo)
    with fifo.open() as reader:
        reader.readline()
    status, _, err = ended(process)
    assert (status, f"error: {fifo}: Broken pipe" in err) == (2, True)


def test_closed_streams(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out.jsonl"
    bad = tmp_path / "bad.jsonl"
    bad.write_text(source.read_text() + "{\n")
    status, _, err = ended(command(source, shell='"$@" >&-'))
    assert (status, "error: standard output is closed; give --out" in err) == (2, True)
    status, _, err = ended(command("-", shell='"$@" <&-'))
    assert (status, "error: standard input is closed; give a file" in err) == (2, True)
    status, printed, _ = ended(command(bad, shell='"$@" 2>&-'))
    assert (status, [json.loads(line)["n"] for line in printed.splitlines()]) == (1, [0, 1, 2])
    status, printed, _ = ended(command(bad, "--out", out, shell='"$@" <&- >&- 2>&-'))
    assert (status, [json.loads(line)["n"] for line in out.read_text().splitlines()]) == (1, [0, 1, 2])


@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full", "2</dev/null"])
def test_the_exit_status_is_right_where_standard_error_takes_nothing(tmp_path: Path, source: Path, stream: str) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text(source.read_text() + "{\n")
    assert ended(command("nowhere.jsonl", shell=f'"$@" {stream}'))[0] == 2
    status, printed, _ = ended(command(bad, shell=f'"$@" {stream}'))
    assert (status, len(printed.splitlines())) == (1, 3)


def test_programs_are_run_with_all_streams_closed(tmp_path: Path) -> None:
    """The pipes of the sandbox would else get the numbers of the standard streams."""
    target = {"type": "call", "entry": "f", "cases": [{"args": [], "want": 1}]}
    row = {"kind": "code", "completion": "```\ndef f(): return 1\n```", "target": target}
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps(row) + "\n")
    status, *_ = ended(command(source, "--out", out, "--unsafe-no-sandbox", shell='"$@" <&- >&- 2>&-'))
    assert (status, json.loads(out.read_text())["reward"]) == (0, 1.0)


# Two runs on one file.


def test_two_runs_on_one_file_are_refused(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out.jsonl"
    (tmp_path / "link").symlink_to(out)
    with sink(out) as first:
        first.write("first")
        for name in ("out.jsonl", "link"):
            with pytest.raises(
                ScoreError, match=r"out\.jsonl\.partial: another run is writing to it; wait for its end"
            ):
                run(source, tmp_path / name)
        first.write("and last")
    assert out.read_text() == "first\nand last\n"
    assert run(source, out) == 3


def test_what_a_killed_run_left_is_taken_over(tmp_path: Path, source: Path) -> None:
    (tmp_path / "out.jsonl.partial").write_text("old\n" * 1000)
    assert run(source, tmp_path / "out.jsonl") == 3
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 3
    assert not (tmp_path / "out.jsonl.partial").exists()


def test_a_file_that_was_renamed_meanwhile_is_not_emptied(tmp_path: Path) -> None:
    path = tmp_path / "x.partial"
    path.write_text("done\n")
    descriptor = os.open(path, os.O_RDWR)
    assert _is_still(descriptor, path)
    path.rename(tmp_path / "x")
    assert not _is_still(descriptor, path)
    path.write_text("the next run's")
    assert not _is_still(descriptor, path)
    os.close(descriptor)


# Interrupts.


def test_an_interrupt_says_how_far_it_came(tmp_path: Path) -> None:
    fifo, out = tmp_path / "fifo", tmp_path / "out.jsonl"
    partial = tmp_path / "out.jsonl.partial"
    os.mkfifo(fifo)
    process = command(fifo, "--out", out, shell='exec "$@"')
    with fifo.open("w") as rows:
        rows.write(written(tmp_path / "in.jsonl", 700).read_text())
        rows.flush()
        wait_for(lambda: partial.exists() and partial.read_text().count("\n") == 512)  # two batches
        process.send_signal(signal.SIGINT)
        status, _, err = ended(process)
    assert (status, out.exists()) == (130, False)
    assert f"interrupted: 512 verdicts are in {partial}" in err
    assert [json.loads(line)["n"] for line in partial.read_text().splitlines()] == list(range(512))


def test_an_interrupt_of_rows_on_standard_output_says_how_far_it_came(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = command(fifo, shell='exec "$@"')
    assert process.stdout is not None
    with fifo.open("w") as rows:
        rows.write(written(tmp_path / "in.jsonl", 300).read_text())  # one batch, which a pipe can hold, and a part
        rows.flush()
        first = os.read(process.stdout.fileno(), 1).decode()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        status, out, err = ended(process)
    assert status == 130
    assert f"interrupted: {(first + out).count(chr(10))} verdicts were written to standard output" in err


def test_a_row_of_which_a_part_was_written_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for text, rows, left in [(b"", 0, b""), (b"a", 0, b""), (b"a\nb", 1, b"a\n"), (b"a\nb\n", 2, b"a\nb\n")]:
        path.write_bytes(text)
        with path.open("r+b") as file:
            assert _whole_rows(file.fileno()) == rows
        assert path.read_bytes() == left
    long = b"x" * (1 << 20)
    path.write_bytes(b"a\n" + long + b"\n" + long + long)
    with path.open("r+b") as file:
        assert _whole_rows(file.fileno()) == 2
    assert path.stat().st_size == len(long) + 3


# Reading.


@pytest.mark.parametrize("name", ["in.jsonl.gz", "in.jsonl"])
def test_gzip_is_known_by_what_it_begins_with(tmp_path: Path, name: str) -> None:
    plain = written(tmp_path / "plain", 600).read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(plain[:9000]) + gzip.compress(plain[9000:]))
    assert run(tmp_path / name, tmp_path / "out") == 600
    status, out, _ = ended(command("-", shell=f'"$@" < {tmp_path / name}'))
    assert (status, len(out.splitlines())) == (0, 600)


def test_gzip_that_is_cut_off_or_damaged_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, path, out = (
        gzip.compress(written(tmp_path / "plain", 600).read_bytes()),
        tmp_path / "in.gz",
        tmp_path / "out",
    )
    for bad in (whole[:-9], whole[:2], whole[:-8] + bytes(8), whole + b"more"):
        path.write_bytes(bad)
        with pytest.raises(ScoreError, match=r"in\.gz: cannot be read to its end \(.*\); check the file"):
            run(path, out)
        assert not out.exists()
    assert "512 verdicts are in" in capsys.readouterr().err


def test_a_line_over_the_limit_says_so_and_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlvr_bench.harness.commands.score_files.MAX_ROW_BYTES", 10)
    path = tmp_path / "in"
    path.write_bytes(b"0123456789\n" + b"x" * 11 + b"\n" + b"y" * 35 + b"\n" + b"z" * 10 + b"\n\n" + b"w" * 21)
    sizes: list[int] = []
    with opened(path) as file:
        got = list(lines(file, path, sizes.append))
    long = Unreadable("longer than 10 bytes; shorten it")
    assert got == [b"0123456789\n", long, long, b"z" * 10 + b"\n", b"\n", long]
    assert sum(sizes) == path.stat().st_size and max(sizes) <= 11
