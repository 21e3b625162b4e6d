"""`rlvr-bench run claims`: order, schedule, folders, resuming, and what is refused before the first run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.commands import run as one
from rlvr_bench.harness.commands.studies import claims
from rlvr_bench.harness.config.suite_file import load_suite
from rlvr_bench.harness.errors import ConfigError, UserError
from rlvr_bench.harness.state.stop import Ended
from tests.harness.cli_calls import SUITE, call


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Two suites in place of the shipped ones, which are not run: what was asked of each is kept."""
    monkeypatch.chdir(tmp_path)
    paths = {}
    for name, more in (("first", "rank = 2\nminutes = 61\n"), ("second", "rank = 7\n"), ("demo", "minutes = 5\n")):
        paths[name] = tmp_path / f"{name}.toml"
        paths[name].write_text(more + SUITE)
    monkeypatch.setattr(claims, "shipped", lambda: dict(sorted(paths.items(), reverse=True)))
    monkeypatch.setattr(claims, "load_suite", lambda name: load_suite(str(paths[name])))
    seen: list[Any] = []

    def run(suite: str, *, out: Path, resume: bool, **options: Any) -> int:
        seen.append((suite, out, resume, {k: v for k, v in options.items() if v and k != "executor"}))
        out.mkdir(parents=True, exist_ok=True)
        (out / "suite.json").touch()
        return 1

    monkeypatch.setattr(one, "run", run)
    monkeypatch.setattr(claims, "show_overview", lambda out: seen.append(("overview", out)))
    return seen


def test_suites_with_a_rank_run_in_its_order_each_in_its_folder_and_the_page_comes_last(
    runs: list[Any], tmp_path: Path
) -> None:
    status, out, _ = call("run", "claims", "--out", "all", "--set", "train.lr=0.5", "--jobs", "2")
    options = {"overrides": ["train.lr=0.5"], "jobs": 2}
    assert status == 1  # each left one run incomplete
    assert runs == [
        ("first", Path("all/first"), False, options),
        ("second", Path("all/second"), False, options),
        ("overview", Path("all")),
    ]
    lines = out.splitlines()
    rows = [line.split()[:4] for line in lines if line.startswith(("first", "second"))]
    assert rows == [["first", "2", "61", "begins"], ["second", "2", "not", "measured"]]
    assert "Together 1 h 1 min, and 1 that were not measured" in out
    assert "all/SUITE" in out


def test_it_goes_on_with_what_is_there_and_begins_the_rest(runs: list[Any]) -> None:
    Path("all/first").mkdir(parents=True)
    Path("all/first/suite.json").touch()
    _, out, _ = call("run", "claims", "--out", "all", "--resume")
    assert [(name, resume) for name, _, resume, _ in runs[:2]] == [("first", True), ("second", False)]
    assert "goes on" in out


def test_by_default_it_goes_to_a_fresh_folder(runs: list[Any]) -> None:
    call("run", "claims", "--dry")
    assert str(runs[0][1]).startswith("runs/claims-dry-")
    assert runs[0][3] == {"dry": True}


def test_everything_wrong_is_told_before_the_first_run(runs: list[Any]) -> None:
    Path("all/second").mkdir(parents=True)
    Path("all/second/mine.txt").touch()
    with pytest.raises(ConfigError) as error:
        call("run", "claims", "--out", "all", "--set", "train.lr=-1")
    lines = str(error.value).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("first: train.lr: ")
    assert lines[1].startswith("second: all/second: is not empty")
    assert runs == []


@pytest.mark.parametrize(
    ("words", "message"), [(["--part", "p"], "--part: parts are of one suite"), (["--resume"], "--resume: give --out")]
)
def test_options_of_one_suite_are_refused(words: list[str], message: str, runs: list[Any]) -> None:
    with pytest.raises(ConfigError, match=message):
        call("run", "claims", *words)
    assert runs == []


def test_a_suite_that_cannot_go_on_is_told_and_the_next_one_runs(
    runs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = one.run

    def breaks(suite: str, **options: Any) -> int:
        if suite == "first":
            raise UserError("its disk is full")
        return kept(suite, **options) * 0

    monkeypatch.setattr(one, "run", breaks)
    status, _, err = call("run", "claims", "--out", "all")
    assert (status, [entry[0] for entry in runs]) == (1, ["second", "overview"])
    assert "error: first: its disk is full" in err


def test_an_interrupt_says_how_to_go_on(runs: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(suite: str, **options: Any) -> int:
        raise Ended(2, "inner")

    monkeypatch.setattr(one, "run", interrupted)
    with pytest.raises(Ended, match="go on with the same options and --out 'my all' --resume") as ended:
        call("run", "claims", "--out", "my all")
    assert ended.value.status == 130
    assert runs == []


def test_the_shipped_suites_begin_with_the_answer_and_leave_out_demonstrations_and_gpus() -> None:
    names = list(claims.ranked())
    assert names[0] == "core"
    assert {"memory", "hacking", "tuning"} <= set(names)
    assert not {"quick", "gpu-systems", "gpu-learning"} & set(names)
