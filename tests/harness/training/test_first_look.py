"""A base model that cannot learn as it is, is told with a sample and the form that is expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.commands.display import SuiteDisplay
from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.tasks.verifier_plugins import load_verifier
from rlvr_bench.harness.training.first_look import MARK, first_look
from rlvr_bench.rewards.compose import AllOf
from rlvr_bench.rewards.exact import ExactAnswer
from rlvr_bench.rewards.format import Format
from tests.harness.commands.test_display import planned, shown
from tests.harness.small_runs import config, run

FORM = "<answer>ANSWER</answer>"


def rows(**counts: int) -> list[dict[str, Any]]:
    """So many completions of each outcome."""
    return [
        {"prompt": "2 + 2?", "completion": f"{name} {i}", "outcome": name, "reward": None if name == "infra" else 0.0}
        for name, count in counts.items()
        for i in range(count)
    ]


def said(**counts: int) -> str | None:
    return first_look(rows(**counts), FORM)


def test_one_that_gives_answers_and_is_sometimes_right_is_not_spoken_of() -> None:
    assert said(**{"pass": 1, "wrong": 99}) is None
    assert said(**{"pass": 20, "no_answer": 80}) is None
    assert said() is None
    assert said(infra=5) is None


def test_the_sample_is_one_without_an_answer() -> None:
    line = said(wrong=1, no_answer=9)
    assert line is not None
    assert line.startswith(
        f"{MARK}0 of the base model's 10 completions are right, and in 9 the verifier finds no answer."
    )
    assert f"It expects {FORM}.  To the prompt '2 + 2?' the model wrote 'no_answer 0'." in line
    assert "the task's template" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "counts", [{"pass": 5, "no_answer": 95}, {"pass": 5, "no_code": 95}, {"wrong": 3}, {"no_answer": 2, "infra": 5}]
)
def test_nothing_right_and_hardly_an_answer_are_told(counts: dict[str, int]) -> None:
    assert said(**counts) is not None


def test_of_a_long_completion_the_end_is_shown() -> None:
    (row,) = rows(no_answer=1)
    line = first_look([row | {"completion": "begin " + "x" * 500 + " end"}], FORM)
    assert line is not None
    assert "begin" not in line
    assert "...xxx" in line
    assert " end'" in line


@pytest.mark.parametrize("name", ["exact", "numeric", "math", "code", "format"])
def test_every_verifier_says_how_it_wants_an_answer(name: str) -> None:
    """And reads one that is given like that."""
    verifier = load_verifier(name)
    assert verifier.form
    if name not in ("code", "format"):
        assert verifier.answer("<answer>4</answer>") == "4"


def test_the_installed_verifiers_are_those_of_the_table() -> None:
    assert set(plugins.available(plugins.VERIFIERS)) == {"exact", "numeric", "math", "code", "format"}


def test_of_several_the_first_decides() -> None:
    assert AllOf(format=Format(), exact=ExactAnswer()).form == Format.form


def test_a_run_says_it_once_after_its_first_evaluation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = config(task={"name": "sort"}, evaluate={"every": 1})
    run(settings, tmp_path / "run")
    assert capsys.readouterr().err.count(MARK) == 1


def test_a_suite_passes_on_what_its_runs_say_each_line_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = planned("a", "b")
    for one in (a, b):
        (tmp_path / one.folder).mkdir(parents=True)
        (tmp_path / one.folder / "run.log").write_text(f"other words\n{MARK}nothing right\n")
    lines: list[str] = []
    monkeypatch.setattr(SuiteDisplay, "_say", lambda self, line: lines.append(line))
    with shown(2, tmp_path) as (show, _):
        show.watch([(a, 0)])
        assert lines == []
        for _ in range(3):
            show.watch([(a, 1), (b, 1)])
    assert lines == [f"p/a/seed-1: {MARK}nothing right"]
