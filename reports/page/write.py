"""The report is written to disk here: one self-contained page, its Markdown twin, figures and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rlvr_bench.reports.cells.environments import Difference
from rlvr_bench.reports.claims.answer import Answer
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.claims.study import unique_untested
from rlvr_bench.reports.escape import markdown_block, markdown_cell, one_line, printable
from rlvr_bench.reports.figures.draw import PAGE, PAPER, SUFFIX, Drawn, Track, draw
from rlvr_bench.reports.figures.style import FORMATS
from rlvr_bench.reports.load import Study
from rlvr_bench.reports.measures.cell_numbers import cell_numbers
from rlvr_bench.reports.page.appendix import appendix
from rlvr_bench.reports.page.appendix.published import NOTE
from rlvr_bench.reports.page.inlined import inlined
from rlvr_bench.reports.page.links import Links, Names, links
from rlvr_bench.reports.page.methods import METHODS
from rlvr_bench.reports.page.opening.claims import claims
from rlvr_bench.reports.page.opening.panels import ANSWER, EFFECTS, panels
from rlvr_bench.reports.page.opening.parts import seeds_remark
from rlvr_bench.reports.page.sections import sections
from rlvr_bench.reports.page.table import table_markdown
from rlvr_bench.reports.page.tables import Made, make_tables, seeds_name, write_tables


def write(
    study: Study,
    found: tuple[Finding, ...],
    answer: Answer,
    out: Path,
    unlike: Sequence[Difference],
    *,
    results: Path | None = None,
    paper: bool = True,
    track: Track = lambda items, what, total: items,
) -> Path:
    """Write everything under `out` and give the path of report.html.

    Args:
        results: the folder of the records, for links to them; none are made to a folder that does not hold `out`.
        paper: figures also as PDF and PNG and in the width of a column.
        track: shows progress.
    """
    drawn = draw(study, out / "figures", found, files=PAPER if paper else PAGE, track=track)
    made = make_tables(study)
    write_tables(study, made, found, out / "tables")
    context = _context(study, found, answer, drawn, made, links(study, results, out), unlike)
    context["files"] = _files(out / "figures", drawn, paper=paper)
    html = templates(autoescape=True)
    html.globals |= {"inlined": lambda name: inlined(out / "figures" / f"{name}.svg")}
    write_text(out / "report.html", html.get_template("report.html.j2").render(context, names=Names()))
    markdown = templates(autoescape=False)
    markdown.filters |= {"cell": markdown_cell, "block": markdown_block, "table": table_markdown}
    write_text(out / "report.md", markdown.get_template("report.md.j2").render(context, names=Names()))
    return out / "report.html"


def _context(
    study: Study,
    found: tuple[Finding, ...],
    answer: Answer,
    drawn: tuple[Drawn, ...],
    made: tuple[Made, ...],
    links: Links,
    unlike: Sequence[Difference],
) -> dict[str, Any]:
    manifest, ids = study.manifest, Names()
    for_panels = panels(study, drawn, {p.name: cell_numbers(study.cells(p)) for p in manifest.parts})
    at_top = {panel.figure.name for panel in for_panels if panel.figure}
    below = [d for d in drawn if d.section not in (ANSWER, EFFECTS) and d.name not in at_top]
    return {
        "title": one_line(manifest.title or manifest.name),
        "manifest": manifest,
        "unlike": unlike,
        "answer": answer,
        "panels": for_panels,
        "effects": [d for d in drawn if d.section == EFFECTS],
        "seeds_remark": seeds_remark(study),
        "claims": claims(found, several_parts=len(manifest.parts) > 1, names=ids),
        "untested": unique_untested(found),
        "sections": sections(study, below, made, ids),
        "appendix": appendix(study, links),
        "links": links,
        "methods": METHODS,
        "published_note": NOTE,
        "seeds_file": {part.name: f"{seeds_name(part)}.csv" for part in manifest.parts},
    }


def _files(folder: Path, drawn: Sequence[Drawn], *, paper: bool) -> Mapping[str, tuple[str, ...]]:
    """The files of each figure by its name; those that an earlier report left and this one did not write go."""
    names = {d.name: [f"{d.name}{width}.{suffix}" for width in SUFFIX.values() for suffix in FORMATS] for d in drawn}
    if not paper:
        for name, files in names.items():
            for file in files:
                if file != f"{name}.svg":
                    (folder / file).unlink(missing_ok=True)
    return {name: tuple(f for f in files if (folder / f).exists()) for name, files in names.items()}


def templates(*, autoescape: bool) -> Environment:
    """The pages' templates; what they show is made visible, and what they do not know is an error."""
    return Environment(
        loader=PackageLoader("rlvr_bench.reports.page"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _visible(value: Any) -> Any:
    """What is shown is data: labels and sentences with them have no characters that act instead of being seen."""
    return (
        printable(value) if isinstance(value, str) and not (isinstance(value, Markup) or value.isprintable()) else value
    )


def write_text(path: Path, text: str) -> None:
    """With the same bytes on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")
