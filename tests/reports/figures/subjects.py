"""What figures are drawn of, made from cells alone."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.harness.records import CellInfo, Hypothesis, SuiteManifest
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.figures.subject import Subject
from rlvr_bench.reports.load import Cell, Study


def study_of(cells: Sequence[Cell], hypotheses: Sequence[Hypothesis] = ()) -> Study:
    """The study of one part that has these cells."""
    infos = tuple(CellInfo(c.name, c.label, c.search) for c in cells)
    manifest = SuiteManifest("mine", "Mine", "", "", "", (cells[0].part,), infos, (), (), tuple(hypotheses))
    return Study(manifest, tuple(run for c in cells for run in c.runs))


def subject_of(cells: Sequence[Cell]) -> Subject:
    """A part of a study that has no other."""
    return Subject(study=study_of(cells), part=cells[0].part, cells=cells, looks=cell_looks(cells))
