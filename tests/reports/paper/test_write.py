r"""The folder for a paper: complete, safe for LaTeX, the same twice, and compiled where pdflatex is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from rlvr_bench import reports
from rlvr_bench.harness.records import Hypothesis
from rlvr_bench.reports.figures import draw, kinds
from rlvr_bench.reports.paper.write import prose
from tests.reports import synthetic
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS

NASTY = r"50 % of $x_1$ & {more} \input{x} #1 ~^ <b>"
EQUAL = Hypothesis("accuracy.sort", "GRPO & PPO end alike, 5 % apart.", "learning", "pass@1", ("grpo", "ppo"),
                   "difference", "equivalent", 0.05, 10, 2)  # fmt: skip
PARTS = [replace(LEARNING, seeds=(0, 1), title=f"{NASTY} 漢"), replace(SYSTEMS, seeds=(0, 1))]
DRAWN = ("answer", "time")  # a figure before the parts, and one in a part


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cells = [replace(CELLS[1], label=NASTY), CELLS[2]]
    return synthetic.write(tmp_path_factory.mktemp("study"), cells, PARTS, steps=6, hypotheses=[EQUAL])


@pytest.fixture
def few_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw, "FIGURES", [kind for kind in kinds.FIGURES if kind.name in DRAWN])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.usefixtures("few_figures")
@pytest.mark.parametrize(("columns", "inches"), [(1, 6.75), (2, 3.25)])
def test_figures_are_as_wide_as_a_column_and_everything_is_put_together(
    columns: Literal[1, 2], inches: float, study: Path, tmp_path: Path
) -> None:
    main = reports.write_paper(study, tmp_path, columns=columns)
    assert main == tmp_path / "main.tex"
    for pdf in (tmp_path / "figures").glob("*.pdf"):
        found = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ", pdf.read_bytes())
        assert found and float(found[1]) == pytest.approx(72 * inches, abs=0.01)
    text = main.read_text()
    assert ("twocolumn" in text) == (columns == 2)
    used = set(re.findall(r"\\input\{(.*?)\}", text))
    assert used == {str(p.relative_to(tmp_path).with_suffix("")) for p in tmp_path.rglob("*.tex")} - {"main"}
    assert {"methods", "results", "tables/compute", "tables/settings-common", "figures/answer-learning"} <= used


@pytest.mark.usefixtures("few_figures")
def test_the_same_records_give_the_same_bytes(study: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        reports.write_paper(study, tmp_path / name)
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one == two
    assert not [name for name, data in one.items() if str(tmp_path).encode() in data]


@pytest.mark.usefixtures("no_figures")
def test_labels_and_titles_cannot_become_commands(study: Path, tmp_path: Path) -> None:
    main = reports.write_paper(study, tmp_path)
    escaped = r"50 \% of \$x\_1\$ \& \{more\} \textbackslash{}input\{x\} \#1"
    for text in (main.read_text(), (tmp_path / "methods.tex").read_text()):
        assert escaped in text
        assert "[U+6F22]" in text
        assert r"\input{x}" not in text


@pytest.mark.usefixtures("no_figures")
def test_results_have_the_hypotheses_and_not_what_was_not_tested(study: Path, tmp_path: Path) -> None:
    reports.write_paper(study, tmp_path)
    text = (tmp_path / "results.tex").read_text()
    assert text.count(r"\item") == 1
    assert r"\item {}GRPO \& PPO end alike, 5 \% apart: " in text
    assert "(accuracy.sort; n: 2 of 2 planned pairs)" in text
    findings = (tmp_path / "tables" / "findings.tex").read_text()
    assert "models" in findings
    assert "not tested" not in findings


@pytest.mark.usefixtures("no_figures")
def test_without_hypotheses_it_says_so(tmp_path: Path) -> None:
    study = synthetic.write(tmp_path / "s", CELLS[2:], [replace(SYSTEMS, seeds=(0,))])
    text = reports.write_paper(study).parent.joinpath("results.tex").read_text()
    assert text.startswith("The suite named no hypotheses beforehand")
    assert (study / "paper" / "main.tex").exists()


def test_a_sign_is_a_minus_and_a_hyphen_is_none() -> None:
    assert prose("-0.9 [-2.0, +0.2], -.5; f-1, two-column, 1-2, x86-64") == (
        "$-$0.9 [$-$2.0, +0.2], $-$.5; f-1, two-column, 1-2, x86-64"
    )


@pytest.mark.slow
@pytest.mark.usefixtures("few_figures")
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed; what it reads is tested above")
@pytest.mark.parametrize("columns", [1, 2])
def test_it_compiles(columns: Literal[1, 2], study: Path, tmp_path: Path) -> None:
    main = reports.write_paper(study, tmp_path, columns=columns)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", main.name]
    for _ in range(2):  # the second time for references
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    log = (tmp_path / "main.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-2000:]
    wrong = ("Overfull", "!", "LaTeX Warning: Reference")
    assert [line for line in log.splitlines() if line.startswith(wrong) or "too large" in line] == []
    assert (tmp_path / "main.pdf").stat().st_size > 10_000
