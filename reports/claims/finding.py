"""The form of a finding: the judgment on one claim, with its number, its interval and how it was reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.stats import LEVEL, Estimate

Conclusion = Literal["supported", "refuted", "inconclusive", "undecidable", "arithmetic", "not tested"]
"""`undecidable`: the test could not have come out otherwise; `arithmetic`: follows from the definitions, no test."""
Question = Literal["accuracy", "budget", "cost", "memory", "stability", "critic", "reward", "length"]


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
    sentence: str = ""  # proposition, verdict and effect, as one sentence
    part: str = ""  # title of the part that it comes from
    question: Question = "accuracy"  # which group of the forest plot it is in
    primary: bool = False  # named by the suite before the runs; all else is descriptive
    pair: tuple[str, str] | None = None  # labels of A and B, where the effect is A less B, or A / B
    estimate: Estimate | None = None  # with the interval that decides
    level: float = LEVEL  # of that interval
    scale: Literal["difference", "ratio"] = "difference"
    unit: str = ""  # of the estimate, behind it; shares are shown as points
    holds: tuple[float, float] | None = (
        None  # where the proposition holds, in the estimate's unit; ends can be infinite
    )
    power: float | None = None  # of the rule at the planned n, if the truth is what was found
    p: float | None = None
    p_holm: float | None = None

    @property
    def tested(self) -> bool:
        return self.conclusion != "not tested"


Claim = Callable[[Sequence[Cell]], list[Finding]]  # asked of cells: a finding for each cell or pair that it is about


def not_tested(identifier: str, claim: str, reason: str) -> Finding:
    """A claim that the records cannot speak to, and why."""
    return Finding(id=identifier, claim=claim, conclusion="not tested", note=reason)
