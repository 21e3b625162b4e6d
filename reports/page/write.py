"""The report on disk: one self-contained page, its Markdown twin, figures and tables."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from rlvr_bench.reports.cells.environments import Difference
from rlvr_bench.reports.claims.study import unique_untested, verdicts
from rlvr_bench.reports.claims.verdict import Verdict
from rlvr_bench.reports.escape import markdown_block, markdown_cell, one_line
from rlvr_bench.reports.figures import draw
from rlvr_bench.reports.load import Cell, Study
from rlvr_bench.reports.page import content, tables, tables_hacking
from rlvr_bench.reports.page.tables import Table

METHODS = (
    "Values are one number per seed; intervals are 95 % intervals over seeds. Below 10 seeds: Student's t interval of "
    "the mean, for ratios of the paired logarithms (a bootstrap over so few values is too narrow). From 10 seeds on: "
    "percentile bootstrap of the interquartile mean, 10,000 draws from a fixed seed.",
    "Final score: mean of the last 3 evaluations (fewer if there are fewer), never the best checkpoint. A run that "
    "diverged counts, with 0 if it was not evaluated afterwards. Runs that ended otherwise (out of memory, killed, "
    "timed out, failed) are shown, and left out of the averages.",
    "Costs leave out the warm-up steps, evaluation and checkpoints. A step's seconds: median over steps. Peaks: "
    "largest of a run, less what the device or process held before any model was built.",
    "Collapse, fixed in advance, is any of: pass@1 below half of its running maximum for 3 evaluations and to the end; "
    "entropy below 10 % of its first value while pass@1 is below .9; mean length below 25 % of its first value; over "
    "80 % of completions truncated; a training value not finite; gradient norm above 10 times its median.",
    "p-values are corrected with Holm's method over all verdicts of the study, each cell or pair of cells that a claim "
    "was asked of counted by itself; a decision that does not survive is called inconclusive.",
)
WHY_PEAKS_DIFFER = (
    "Measured peaks do not save what the states do. What the algorithms share stands on both sides of the ratio: "
    "activations, logits and the cache of keys and values. The allocator keeps freed blocks; the interpreter and its "
    "libraries take memory of their own, more of it than was held before the models. And a peak belongs to one phase: "
    "what only another phase needs does not add to it."
)

WHY_AGREEMENT_IS_NONE = (
    "The true reward is the verifier's, recorded whatever the policy was trained on. The proxy is the score of a "
    "reward model, in standard deviations of the base model's own completions. A proxy is over-optimised where it goes "
    "on rising while the true reward does not: the gap grows, and the proxy ranks fewer pairs rightly. Where the "
    "policy is trained on the verifier itself, the trained and the true reward are one number by construction, and "
    "that they agree is no evidence for verifiers."
)


@dataclass(frozen=True)
class PartView:
    """What the templates need of one part."""

    name: str
    title: str
    kind: str
    comparison: Table
    reward_models: Table
    outcomes: Table
    memory: Table
    memory_source: str
    flags: tuple[str, ...]
    samples: tuple[Any, ...]
    environment: tuple[tuple[str, str], ...]
    fairness: Any
    facts: tuple[tuple[str, str], ...]
    figures: tuple[draw.Drawn, ...]


def write(study: Study, out: Path, unlike: Sequence[Difference]) -> Path:
    """Write everything under `out` and give the path of report.html."""
    (out / "tables").mkdir(parents=True, exist_ok=True)
    drawn = draw.draw(study, out / "figures")
    found = verdicts(study)
    context = _context(study, found, drawn, unlike)
    _write_tables(study, found, out / "tables")
    html = _templates(autoescape=True)
    html.globals["inlined"] = lambda name: _inlined(out / "figures" / f"{name}.svg")
    _write(out / "report.html", html.get_template("report.html.j2").render(context))
    plain = _templates(autoescape=False)
    plain.filters |= {"cell": markdown_cell, "block": markdown_block, "table": tables.table_markdown}
    _write(out / "report.md", plain.get_template("report.md.j2").render(context))
    return out / "report.html"


def _context(
    study: Study, found: tuple[Verdict, ...], drawn: tuple[draw.Drawn, ...], unlike: Sequence[Difference]
) -> dict[str, Any]:
    manifest = study.manifest
    parts = [_part(study, part, drawn) for part in manifest.parts]
    return {
        "title": one_line(manifest.title or manifest.name),
        "manifest": manifest,
        "summary": content.summary(study, found),
        "headlines": content.headlines(study, found),
        "seeds_remark": content.seeds_remark(study),
        "verdicts": [v for v in found if v.outcome != "not tested"],
        "untested": unique_untested(found),
        "unlike": unlike,
        "parts": parts,
        "rewards_told": any(p.outcomes.rows or p.reward_models.rows for p in parts)
        or any(d.kind in draw.OF_REWARDS for d in drawn),
        "why_agreement_is_none": WHY_AGREEMENT_IS_NONE,
        "endings": content.endings(study),
        "hashes": [(f"{r.part}/{r.cell}/seed-{r.seed}", r.config_hash or "none", r.state) for r in study.runs],
        "methods": METHODS,
        "why_peaks_differ": WHY_PEAKS_DIFFER,
    }


def _part(study: Study, part: Any, drawn: tuple[draw.Drawn, ...]) -> PartView:
    cells = study.cells(part)
    fairness, facts = content.fairness(study, part)
    rows = content.comparison(cells)
    return PartView(
        part.name,
        one_line(part.title),
        part.kind,
        tables.comparison_table(study, part),
        tables_hacking.models_table(cells) if part.kind == "learning" else tables_hacking.EMPTY,
        tables_hacking.outcomes_table(cells) if part.kind == "learning" else tables_hacking.EMPTY,
        content.memory_table(cells),
        content.memory_source(cells),
        tuple(f"{one_line(r.label)}: {flag}." for r in rows for flag in r.flags),
        content.samples(cells) if part.kind == "learning" else (),
        content.environment_rows(study, part),
        fairness,
        facts,
        tuple(d for d in drawn if d.part == part.name),
    )


def _write_tables(study: Study, found: tuple[Verdict, ...], folder: Path) -> None:
    for part in study.manifest.parts:
        table, name = tables.comparison_table(study, part), f"comparison-{draw.slug(part.name)}"
        _write(folder / f"{name}.tex", tables.table_latex(table))
        _write(folder / f"{name}.csv", tables.comparison_csv(study, part))
        memory = content.memory_table(study.cells(part))
        if memory.rows:
            _write(folder / f"memory-{draw.slug(part.name)}.csv", tables.table_csv(memory))
            _write(folder / f"memory-{draw.slug(part.name)}.tex", tables.table_latex(memory))
        if part.kind == "learning":
            _write_hacking(study.cells(part), folder, draw.slug(part.name))
    table = tables.verdict_table(found)
    _write(folder / "verdicts.csv", tables.verdicts_csv(found))
    _write(folder / "verdicts.tex", tables.table_latex(tables.first_columns(table, 5)))


def _write_hacking(cells: Sequence[Cell], folder: Path, part: str) -> None:
    models, outcomes = tables_hacking.models_table(cells), tables_hacking.outcomes_table(cells)
    if models.rows:
        _write(folder / f"reward-models-{part}.tex", tables.table_latex(models))
        _write(folder / f"reward-models-{part}.csv", tables_hacking.models_csv(cells))
    if outcomes.rows:
        _write(folder / f"overoptimisation-{part}.tex", tables.table_latex(outcomes))
        _write(folder / f"overoptimisation-{part}.csv", tables_hacking.outcomes_csv(cells))


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
