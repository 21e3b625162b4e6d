"""Where the page's links lead is decided here: addresses are relative to the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from rlvr_bench.reports.load import NOT_RUN, Run, Study

RECORDS = ("config.json", "metrics.jsonl", "summary.json")  # of a run, those that a link is given to


@dataclass(frozen=True)
class Links:
    """Addresses of the records; empty where the page does not lie inside the results folder, so none would hold."""

    to_results: str | None  # from the page to the results folder, with a slash at the end
    folders: Mapping[tuple[str, str, int], str]  # of the runs, by part, cell and seed

    def run(self, run: Run) -> str:
        """The folder of a run; empty where there is none."""
        folder = self.folders.get((run.part, run.cell, run.seed))
        if self.to_results is None or folder is None or run.state == NOT_RUN:
            return ""
        return quote(f"{self.to_results}{folder}/")

    def files(self, run: Run) -> tuple[str, ...]:
        """Those of RECORDS that the run left."""
        if not self.run(run):
            return ()
        left = (bool(run.config), bool(run.metrics), run.summary is not None)
        return tuple(name for name, there in zip(RECORDS, left, strict=True) if there)

    @property
    def manifest(self) -> str:
        """suite.json, which has the hypotheses and their hash."""
        return "" if self.to_results is None else quote(f"{self.to_results}suite.json")


def links(study: Study, results: Path | None, out: Path) -> Links:
    """Of a page that is written to `out`.

    Args:
        results: where the records are; None where that is not known.
    """
    folders = {(r.part, r.cell, r.seed): r.folder for r in study.manifest.runs}
    return Links(_upwards(results, out), folders)


def _upwards(results: Path | None, out: Path) -> str | None:
    if results is None or not out.resolve().is_relative_to(results.resolve()):
        return None
    return "../" * len(out.resolve().relative_to(results.resolve()).parts)


@dataclass
class Names:
    """Names that are given once only: ids of the page, labels of its regions.  The same calls give the same names."""

    taken: set[str] = field(default_factory=set)

    def unique(self, wanted: str) -> str:
        """The name, or the name with the first free number behind it."""
        number, name = 1, wanted
        while name in self.taken:
            number += 1
            name = f"{wanted}-{number}"
        self.taken.add(name)
        return name

    def label(self, wanted: str) -> str:
        """Likewise, for people."""
        number, name = 1, wanted
        while name in self.taken:
            number += 1
            name = f"{wanted} ({number})"
        self.taken.add(name)
        return name
