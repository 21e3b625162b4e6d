"""Which part the answer is about, and what few seeds can say, is decided here."""

from __future__ import annotations

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports.load import Study
from rlvr_bench.reports.page import methods


def answered(study: Study) -> tuple[PartInfo, ...]:
    """The parts that have a figure and a table at the top, the one that the answer is about first.

    That is the learning part of the first hypothesis, else the first learning part.  A study that learns nothing
    answers with what it measured.
    """
    parts = study.parts("learning") or study.parts("systems") or study.manifest.parts
    named = [h.part for h in study.manifest.hypotheses]
    first = next((p for name in named for p in parts if p.name == name), None)
    return tuple(p for p in parts if p is first) + tuple(p for p in parts if p is not first)


def seeds_remark(study: Study) -> str:
    """What the smallest number of seeds of any part can and cannot say."""
    return methods.seeds_remark(min((len(p.seeds) for p in study.manifest.parts if p.seeds), default=0))
