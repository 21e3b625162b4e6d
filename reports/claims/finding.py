"""The form of a finding: the judgment on one claim, with its number, its interval and how it was reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.stats import Estimate

Conclusion = Literal["supported", "refuted", "inconclusive", "not tested"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a study says about one claim."""

    id: str
    claim: str
    conclusion: Conclusion
    effect: str = ""  # the number with its interval, or "exact"
    n: str = ""
    equal: str = ""  # what was held equal, and what was not
    rule: str = ""  # how it was decided
    note: str = ""
    sentence: str = ""  # for the summary
    part: str = ""  # title of the part that it comes from
    estimate: Estimate | None = None
    p: float | None = None
    p_holm: float | None = None

    @property
    def tested(self) -> bool:
        return self.conclusion != "not tested"


Claim = Callable[[Sequence[Cell]], list[Finding]]  # asked of cells: a finding for each cell or pair that it is about


def not_tested(identifier: str, claim: str, reason: str) -> Finding:
    """A claim that the records cannot speak to, and why."""
    return Finding(id=identifier, claim=claim, conclusion="not tested", note=reason)
