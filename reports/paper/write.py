"""The folder for a paper is written here.

main.tex       puts everything together and compiles as it is; an author takes what is wanted from the others
methods.tex    how the study was done
results.tex    what was named beforehand and what became of it
figures/       NAME.pdf at the width of a column, and NAME.tex with its caption
tables/        NAME.tex (booktabs), and NAME.csv
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from rlvr_bench.reports.claims.answer import Answer
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.escape import latex, one_line
from rlvr_bench.reports.figures.draw import SUFFIX, Drawn, Files, Track, draw
from rlvr_bench.reports.figures.style import Width
from rlvr_bench.reports.load import Study
from rlvr_bench.reports.page.latex.printed import table_latex
from rlvr_bench.reports.page.opening.panels import ANSWER, EFFECTS
from rlvr_bench.reports.page.tables import Made, make_tables, write_tables
from rlvr_bench.reports.page.write import write_text
from rlvr_bench.reports.paper.compute_table import compute_table
from rlvr_bench.reports.paper.methods import Paragraph, paragraphs
from rlvr_bench.reports.paper.settings_tables import settings_tables

_SIGN = re.compile(r"(?<![\w)-])-(?=\.?\d)")
Columns = Literal[1, 2]
WIDTH_OF: dict[int, Width] = {1: "text", 2: "column"}  # of a figure, by columns of the page


@dataclass(frozen=True)
class Section:
    """Figures and tables of one part, by name."""

    title: str
    figures: tuple[str, ...]
    tables: tuple[str, ...]


def write(
    study: Study,
    found: tuple[Finding, ...],
    answer: Answer,
    out: Path,
    *,
    columns: Columns,
    track: Track = lambda items, what, total: items,
) -> Path:
    """Write everything under `out` and give the path of main.tex.

    Args:
        columns: of a page of the paper; figures are drawn as wide as one of them.
        track: shows progress.
    """
    tested = tuple(f for f in found if f.tested)
    width = WIDTH_OF[columns]
    drawn = draw(study, out / "figures", found, files=Files((width,), ("pdf",)), track=track)
    for figure in drawn:
        write_text(out / "figures" / f"{figure.name}.tex", figure_latex(figure, width))
    made = make_tables(study)
    write_tables(study, made, tested, out / "tables")
    settings = settings_tables(study)
    for name, table in (*settings, ("compute", compute_table(study))):
        write_text(out / "tables" / f"{name}.tex", table_latex(table, name))
    write_text(out / "methods.tex", methods_latex(paragraphs(study)))
    write_text(out / "results.tex", results_latex(tested))
    context: dict[str, Any] = {
        "title": one_line(study.manifest.title or study.manifest.name),
        "answer": answer,
        "columns": columns,
        "settings": [name for name, _ in settings],
        "first_figures": [d.name for d in drawn if d.section in (ANSWER, EFFECTS)],
        "sections": _sections(study, drawn, made),
    }
    write_text(out / "main.tex", _templates().get_template("main.tex.j2").render(context))
    return out / "main.tex"


def _sections(study: Study, drawn: Sequence[Drawn], made: Sequence[Made]) -> list[Section]:
    """One for each part that has any, and one for the figures of the whole study that do not stand before them."""
    below = [d for d in drawn if d.section not in (ANSWER, EFFECTS)]
    sections = [
        Section(
            one_line(part.title),
            tuple(d.name for d in below if d.part == part.name),
            tuple(m.name for m in made if m.part.name == part.name),
        )
        for part in study.manifest.parts
    ]
    sections.append(Section("The whole study", tuple(d.name for d in below if not d.part), ()))
    return [s for s in sections if s.figures or s.tables]


def figure_latex(figure: Drawn, width: Width) -> str:
    """A float with the figure in its own size."""
    return "\n".join(
        [
            "\\begin{figure}[tbp]",
            "\\centering",
            f"\\includegraphics{{figures/{figure.name}{SUFFIX[width]}}}",
            f"\\caption{{{prose(figure.caption)}}}",
            f"\\label{{fig:{figure.name}}}",
            "\\end{figure}",
            "",
        ]
    )


def methods_latex(text: Sequence[Paragraph]) -> str:
    """Paragraphs with their titles, and lists behind them."""
    return "\n".join(f"\\paragraph{{{prose(p.title)}}}\n{prose(p.text)}\n{_list(p.items)}" for p in text)


def results_latex(tested: Sequence[Finding]) -> str:
    """Hypotheses with their verdicts, as sentences; what is only descriptive is in the table."""
    primary = [f for f in tested if f.primary]
    if not primary:
        return "The suite named no hypotheses beforehand; all findings are descriptive (Table~\\ref{tab:findings}).\n"
    items = _list([f"{f.sentence.rstrip('.')} ({f.id}; n: {f.n})." for f in primary])
    return (
        "What the suite named beforehand, with Holm's correction over these alone:\n"
        f"{items}\nAll other findings are descriptive (Table~\\ref{{tab:findings}}).\n"
    )


def prose(text: str) -> str:
    """Text as LaTeX shows it; the sign of a number is a minus, at which no line breaks."""
    return latex(_SIGN.sub("−", text))


def _list(items: Sequence[str]) -> str:
    """Empty without items."""
    if not items:
        return ""
    return "\n".join(["\\begin{itemize}", *(f"\\item {{}}{prose(text)}" for text in items), "\\end{itemize}", ""])


def _templates() -> Environment:
    """With delimiters that LaTeX does not use."""
    made = Environment(
        loader=PackageLoader("rlvr_bench.reports.paper"),
        autoescape=False,
        undefined=StrictUndefined,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"prose": prose}
    return made
