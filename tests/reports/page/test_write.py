"""The page is whole, safe, the same twice, and able to show what went wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench import reports
from tests.reports import synthetic
from tests.reports.hacking import HACKING
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS, Spec

PART = replace(LEARNING, seeds=(0, 1))
DRAWN = ("learning", "overoptimization", "calibration", "memory")  # enough kinds of marks, and few
ATTACK = "<script>alert(1)</script> ``` </pre> | \x1b[31m \u202e end"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.slow
def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    """Two processes at once, in two folders, with two hash seeds and two time zones."""
    builds = []
    for name in ("one", "two/deeper"):
        synthetic.write(tmp_path / name, HACKING[2:4], steps=8)
        code = (
            "import pathlib; from rlvr_bench import reports; import rlvr_bench.reports.figures.draw as d\n"
            f"d.FIGURES = [kind for kind in d.FIGURES if kind.name in {DRAWN}]\n"
            f"reports.build(pathlib.Path({str(tmp_path / name)!r}), paper=True)"
        )
        environment = os.environ | {"PYTHONHASHSEED": str(len(name)), "TZ": "UTC" if name == "one" else "Asia/Tokyo"}
        builds.append(subprocess.Popen([sys.executable, "-W", "error", "-c", code], env=environment))
    assert [b.wait() for b in builds] == [0, 0]
    one, two = contents(tmp_path / "one/report"), contents(tmp_path / "two/deeper/report")
    assert one.keys() == two.keys()
    assert [k for k in one if one[k] != two[k]] == []
    assert {"report.html", "report.md", "tables/findings.csv", "figures/learning-learning.pdf"} <= one.keys()
    assert {"figures/overoptimization-learning.svg", "figures/calibration-learning-column.pdf"} <= one.keys()
    assert {"figures/memory-systems-column.png", "tables/comparison-systems.tex"} <= one.keys()
    assert not [k for k in one if str(tmp_path).encode() in one[k]]


@pytest.mark.usefixtures("no_figures")
def test_completions_and_labels_cannot_become_markup(tmp_path: Path) -> None:
    cells = [replace(CELLS[1], label="PPO <img src=x onerror=y> | _a_"), CELLS[2]]
    page = reports.build(synthetic.write(tmp_path, cells, [replace(LEARNING, seeds=(0,))], steps=4, completion=ATTACK))
    html, markdown = page.read_text(), (page.parent / "report.md").read_text()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "<img src=x" not in html
    assert "\x1b" not in html + markdown
    assert "\u202e" not in html + markdown
    assert all(line.startswith("    ") for line in markdown.splitlines() if "<script>" in line)
    assert "<img src=x" not in markdown


@pytest.mark.usefixtures("no_figures")
def test_titles_cannot_steer_a_terminal_that_the_answer_is_printed_on(tmp_path: Path) -> None:
    parts = [replace(LEARNING, title=ATTACK), replace(SYSTEMS, title="<b>\x1b[2J")]
    made = reports.report(synthetic.write(tmp_path, CELLS[1:], parts, steps=8))
    sentences = (made.answer.accuracy, made.answer.cost, made.answer.memory, made.answer.scope, *made.answer.unknown)
    assert not [s for s in sentences if "\x1b" in s or "\u202e" in s or "\n" in s]
    html = made.page.read_text()
    assert "\x1b" not in html
    assert "<script" not in html
    assert "<b>" not in html


@pytest.mark.usefixtures("no_figures")
def test_the_page_needs_no_network(tmp_path: Path) -> None:
    html = reports.build(synthetic.write(tmp_path, [CELLS[2]], [replace(SYSTEMS, seeds=(0,))])).read_text()
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert not re.findall(r"https://(?!arxiv\.org/abs/\d)", html)  # papers are cited, and opened by a click alone
    assert "default-src 'none'" in html
    assert "one seed" in html


@pytest.mark.usefixtures("no_figures")
def test_failed_cells_are_shown_with_their_reason(tmp_path: Path) -> None:
    failed = replace(
        CELLS[0], status={0: "oom", 1: "missing", 2: "torn"}, reason="at /home/someone/lib/x.py: no memory"
    )
    page = reports.build(
        synthetic.write(tmp_path, [failed, CELLS[2]], [LEARNING], steps=6, command="bench /a/b/suite.toml")
    )
    html = page.read_text()
    assert "at …/x.py: no memory" in html
    assert "bench …/suite.toml" in html
    assert "someone" not in html
    assert all(word in html for word in ("oom", "not run", "killed", "0 of 3 runs finished"))


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize(
    ("cells", "parts"),
    [
        (CELLS, [SYSTEMS]),
        ([CELLS[2]], [replace(LEARNING, seeds=(0,))]),
        ([replace(c, status=dict.fromkeys(range(3), "failed"), reason="boom") for c in CELLS], [LEARNING, SYSTEMS]),
        ([replace(c, status=dict.fromkeys(range(3), "missing")) for c in CELLS], [LEARNING, SYSTEMS]),
        ([replace(CELLS[1], status={0: "diverged"})], [LEARNING]),
        ([Spec("mine", "My algorithm", "mine", "both", ("actor", "tutor"))], [LEARNING]),
    ],
    ids=["systems", "one-cell-one-seed", "all-failed", "nothing-run", "diverged", "plugin"],
)
def test_every_shape_of_study_gives_a_page(tmp_path: Path, cells: list[Spec], parts: list) -> None:
    html = reports.build(synthetic.write(tmp_path, cells, parts, steps=4)).read_text()
    assert all(cell.label in html for cell in cells)
    assert "Not tested here" in html


@pytest.mark.usefixtures("no_figures")
def test_different_environments_mark_the_page(tmp_path: Path) -> None:
    def environment(part, cell, seed) -> dict:
        return {"threads": 1 + (cell.name == "grpo")}

    synthetic.write(tmp_path, CELLS[1:], [replace(SYSTEMS, seeds=(0, 1))], environment=environment)
    assert "Different environments" in reports.build(tmp_path, tmp_path / "elsewhere", allow_unlike=True).read_text()


@pytest.mark.usefixtures("quick_figures")
def test_the_page_has_the_figures_and_the_tables(tmp_path: Path) -> None:
    page = reports.build(synthetic.write(tmp_path, HACKING, [PART], steps=8))
    html, markdown = page.read_text(), (page.parent / "report.md").read_text()
    drawn = list((page.parent / "figures").iterdir())
    assert html.count("<figure") == html.count("</figure>") == markdown.count("![") == len(drawn)
    for text in (html, markdown):
        assert "Rewards that are not the verifier" in text
        assert "True reward and proxy at the end of training" in text
        assert "is no evidence" in text
    assert {p.name for p in (page.parent / "tables").iterdir()} >= {
        f"{table}-learning.{suffix}" for table in ("reward-models", "overoptimization") for suffix in ("csv", "tex")
    }
    assert "Wilson" in (page.parent / "tables/reward-models-learning.tex").read_text()


@pytest.mark.usefixtures("no_figures")
def test_a_study_of_the_verifier_has_no_such_section(tmp_path: Path) -> None:
    html = reports.build(synthetic.write(tmp_path, CELLS[1:], [PART], steps=4)).read_text()
    assert '<h3 id="part-learning-rewards">' not in html
