"""The studies under a folder are read here, one after the other, and their findings put under the claims."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from rlvr_bench.harness.records import RecordError
from rlvr_bench.reports.cells.environments import check_environments
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.claims.study import findings, unique_untested
from rlvr_bench.reports.escape import one_line, redact
from rlvr_bench.reports.load import Study, load
from rlvr_bench.reports.overview.asked import ASKED, Asked, claim_of
from rlvr_bench.reports.page.links import Names
from rlvr_bench.reports.page.opening.claims import anchors

MANIFEST = "suite.json"


@dataclass(frozen=True, kw_only=True)
class StudyLine:
    """One study."""

    folder: str  # relative to the folder of all
    title: str
    page: str  # its report, relative to the overview; empty where none was made
    runs: int
    finished: int
    hours: float  # of all runs together, wall clock
    command: str
    parts: int
    unlike: bool = False  # runs of unlike environments are compared


@dataclass(frozen=True, kw_only=True)
class Said:
    """One finding of one study."""

    study: StudyLine
    finding: Finding
    link: str  # to where the study's page says how it was decided; empty without a page


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One claim with all that was found about it, what was named beforehand first."""

    asked: Asked
    said: tuple[Said, ...]
    untested: tuple[Finding, ...]  # findings of this claim that no study could give

    @property
    def primary(self) -> tuple[Said, ...]:
        return tuple(s for s in self.said if s.finding.primary)

    @property
    def descriptive(self) -> tuple[Said, ...]:
        return tuple(s for s in self.said if not s.finding.primary)


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Everything that the page shows."""

    studies: tuple[StudyLine, ...]
    claims: tuple[Answered, ...]  # in the order of ASKED
    unreadable: tuple[tuple[str, str], ...]  # (folder, why)


def collect(root: Path, out: Path, *, allow_unlike: bool = False) -> Overview:
    """Read every study under `root`; one that cannot be read is listed with the reason, and the others are shown.

    Args:
        out: where the overview goes, since its links are relative to it.
        allow_unlike: take studies whose runs had unlike environments, and mark them.
    Raises:
        RecordError: there is no study.
    """
    said: list[Said] = []
    studies: list[StudyLine] = []
    unreadable: list[tuple[str, str]] = []
    untested: list[Finding] = []
    for folder in _folders(root):
        name = folder.relative_to(root).as_posix()
        try:
            study = load(folder)
            unlike = bool(check_environments(study, allow_unlike=allow_unlike))
        except RecordError as error:
            unreadable.append((name, one_line(redact(str(error)))))
            continue
        line = _line(study, folder, name, out, unlike=unlike)
        found = findings(study)
        studies.append(line)
        untested += [f for f in found if not f.tested]
        places = anchors(found, Names())
        said += [Said(study=line, finding=f, link=_link(line, place)) for f, place in places]
    if not studies and not unreadable:
        raise RecordError(
            f"{root}: no results folder in it (none has a {MANIFEST}); run a suite with --out {root}/NAME"
        )
    return Overview(studies=tuple(studies), claims=_by_claim(said, untested), unreadable=tuple(unreadable))


def _folders(root: Path) -> Iterator[Path]:
    """Results folders, in the order of their names; what is inside one is its own, and a link may lead to one."""
    if (root / MANIFEST).exists():
        yield root
    elif root.is_dir():
        for inner in sorted(root.iterdir()):
            if inner.is_dir() and (not inner.is_symlink() or (inner / MANIFEST).exists()):
                yield from _folders(inner)


def _line(study: Study, folder: Path, name: str, out: Path, *, unlike: bool) -> StudyLine:
    manifest, page = study.manifest, folder / "report" / "report.html"
    return StudyLine(
        folder=name,
        title=one_line(manifest.title or manifest.name),
        page=quote(os.path.relpath(page, out)) if page.exists() else "",
        runs=len(study.runs),
        finished=sum(r.finished for r in study.runs),
        hours=sum(r.summary.wall_seconds for r in study.runs if r.summary) / 3600,
        command=manifest.command,
        parts=len(manifest.parts),
        unlike=unlike,
    )


def _link(line: StudyLine, anchor: str) -> str:
    return f"{line.page}#{quote(anchor)}" if line.page else ""


def _by_claim(said: Sequence[Said], untested: Sequence[Finding]) -> tuple[Answered, ...]:
    answered = []
    for asked in ASKED:
        mine = [s for s in said if claim_of(s.finding) is asked]
        spoken = [s.finding for s in mine]
        silent = unique_untested([*spoken, *(f for f in untested if claim_of(f) is asked)])
        primary_first = sorted(mine, key=lambda s: not s.finding.primary)
        answered.append(Answered(asked=asked, said=tuple(primary_first), untested=silent))
    return tuple(answered)
