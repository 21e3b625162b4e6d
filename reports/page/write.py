"""The report is written to disk here: one self-contained page, its Markdown twin, figures and tables."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.environments import Difference
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.claims.study import findings, unique_untested
from rlvr_bench.reports.escape import markdown_block, markdown_cell, one_line
from rlvr_bench.reports.figures.draw import Drawn, draw
from rlvr_bench.reports.load import Study
from rlvr_bench.reports.page import opening
from rlvr_bench.reports.page.completions import shown_completions
from rlvr_bench.reports.page.equality import equality
from rlvr_bench.reports.page.methods import METHODS
from rlvr_bench.reports.page.sections import sections
from rlvr_bench.reports.page.table import table_markdown
from rlvr_bench.reports.page.tables import write_tables


def write(study: Study, out: Path, unlike: Sequence[Difference]) -> Path:
    """Write everything under `out` and give the path of report.html."""
    drawn = draw(study, out / "figures")
    found = findings(study)
    write_tables(study, found, out / "tables")
    context = _context(study, found, drawn, unlike)
    html = _templates(autoescape=True)
    html.globals["inlined"] = lambda name: _inlined(out / "figures" / f"{name}.svg")
    _write(out / "report.html", html.get_template("report.html.j2").render(context))
    markdown = _templates(autoescape=False)
    markdown.filters |= {"cell": markdown_cell, "block": markdown_block, "table": table_markdown}
    _write(out / "report.md", markdown.get_template("report.md.j2").render(context))
    return out / "report.html"


def _context(
    study: Study, found: tuple[Finding, ...], drawn: tuple[Drawn, ...], unlike: Sequence[Difference]
) -> dict[str, Any]:
    manifest = study.manifest
    completions = [shown_completions(study.cells(part)) for part in study.parts("learning")]
    return {
        "title": one_line(manifest.title or manifest.name),
        "manifest": manifest,
        "unlike": unlike,
        "summary": opening.summary(study, found),
        "headlines": opening.headlines(study, found),
        "seeds_remark": opening.seeds_remark(study),
        "interval": numbers.INTERVAL,
        "p_value": numbers.p_value,
        "findings": [f for f in found if f.tested],
        "untested": unique_untested(found),
        "sections": sections(study, drawn),
        "completions": [of_cell for of_part in completions for of_cell in of_part],
        "equalities": [equality(study, part) for part in manifest.parts],
        "hashes": [(f"{r.part}/{r.cell}/seed-{r.seed}", r.config_hash or "none", r.state) for r in study.runs],
        "methods": METHODS,
    }


def _templates(*, autoescape: bool) -> Environment:
    return Environment(
        loader=PackageLoader("rlvr_bench.reports.page"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _inlined(svg: Path) -> str:
    """A figure as a data address: an image of its own, so that names inside figures cannot clash."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.read_bytes()).decode("ascii")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
