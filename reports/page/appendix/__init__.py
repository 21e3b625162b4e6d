"""What a reader checks the answer with: seeds, errors, pairs, configurations, and what others found."""

from __future__ import annotations

from dataclasses import dataclass

from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Study
from rlvr_bench.reports.page.appendix.completions import ShownCompletion, shown_completions
from rlvr_bench.reports.page.appendix.correlations import correlation_table
from rlvr_bench.reports.page.appendix.equality import Equality, equality
from rlvr_bench.reports.page.appendix.evaluation_error import error_table
from rlvr_bench.reports.page.appendix.gradients import gradient_table
from rlvr_bench.reports.page.appendix.published import PublishedRow, beside_ours
from rlvr_bench.reports.page.appendix.seeds import CellSeeds, cell_seeds
from rlvr_bench.reports.page.links import Links
from rlvr_bench.reports.page.table import Table


@dataclass(frozen=True, kw_only=True)
class PartSeeds:
    """The runs of one part, cell by cell."""

    title: str
    part: str  # its name
    cells: tuple[CellSeeds, ...]


@dataclass(frozen=True, kw_only=True)
class RunHash:
    """A planned run and the hash of its configuration."""

    run: str
    link: str
    hash: str
    state: str


@dataclass(frozen=True, kw_only=True)
class Appendix:
    """Everything behind the parts; lists are in the order of the parts, and without those that have nothing."""

    seeds: tuple[PartSeeds, ...]
    errors: tuple[tuple[str, Table], ...]  # (title of the part, table)
    correlations: tuple[tuple[str, Table], ...]
    gradients: tuple[tuple[str, Table], ...]
    published: tuple[PublishedRow, ...]
    equalities: tuple[Equality, ...]
    completions: tuple[tuple[str, tuple[ShownCompletion, ...]], ...]
    hashes: tuple[RunHash, ...]


def appendix(study: Study, links: Links) -> Appendix:
    """Of a whole study."""
    parts = study.manifest.parts
    learning = study.parts("learning")
    seeds = [(part, cell_seeds(study.cells(part), links)) for part in parts]
    return Appendix(
        seeds=tuple(PartSeeds(title=one_line(p.title), part=p.name, cells=cells) for p, cells in seeds if cells),
        errors=_with_rows([(one_line(p.title), error_table(p, study.cells(p))) for p in parts]),
        correlations=_with_rows([(one_line(p.title), correlation_table(study, p)) for p in parts]),
        gradients=_with_rows([(one_line(p.title), gradient_table(p, study.cells(p))) for p in parts]),
        published=beside_ours(study),
        equalities=tuple(equality(study, p) for p in parts),
        completions=tuple(of_cell for p in learning for of_cell in shown_completions(study.cells(p))),
        hashes=tuple(
            RunHash(
                run=f"{r.part}/{r.cell}/seed-{r.seed}", link=links.run(r), hash=r.config_hash or "none", state=r.state
            )
            for r in study.runs
        ),
    )


def _with_rows(tables: list[tuple[str, Table]]) -> tuple[tuple[str, Table], ...]:
    return tuple((title, table) for title, table in tables if table.rows)
