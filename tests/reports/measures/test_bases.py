"""Lines of the base models: means over them, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rlvr_bench.harness.records import BaseMeasurement, PartInfo, SampledCounts, SuiteManifest
from rlvr_bench.reports.load import Study
from rlvr_bench.reports.measures.bases import base_lines
from tests.reports.decimals import close

PART = PartInfo("p", "learning", "t", (0,))
MANIFEST = SuiteManifest("s", "", "", "", "", (PART,), (), ())


def measured(greedy: float, cold: int, warm: int) -> BaseMeasurement:
    """Two items, four samples each: right on the first, on the second not judged."""
    at = [SampledCounts(t, 4, (right, None), {"1": right / 4}) for t, right in ((1.0, warm), (0.5, cold))]
    many = SampledCounts(1.0, 64, (8, 8), {"1": 0.125, "4": greedy})
    return BaseMeasurement("h", ("c",), {}, "test", 2, (1, 0), greedy, tuple(at), many, 1.0)


def test_means_over_the_base_models() -> None:
    found = base_lines(Study(MANIFEST, (), {"p": (measured(0.2, 3, 1), measured(0.4, 4, 2))}), PART)
    assert found is not None
    close([found.greedy, found.best_sampled], [0.3, 0.875])  # (3 / 4 + 4 / 4) / 2 at the better temperature
    assert list(found.sampled) == [0.5, 1.0]
    close(found.sampled[1.0], 0.375)
    assert (found.items, found.models) == (2, 2)
    close((found.many or {})[4], 0.3)


def test_the_ceiling_is_known_where_it_was_measured() -> None:
    bases = (measured(0.2, 3, 1), *(replace(measured(0.2, 3, 1), ceiling_accuracy=c) for c in (0.9, 1.0)))
    of = [base_lines(Study(MANIFEST, (), {"p": some}), PART) for some in (bases[:1], bases)]
    assert [lines and lines.ceiling for lines in of] == [None, pytest.approx(0.95)]


def test_nothing_measured_is_none() -> None:
    assert base_lines(Study(MANIFEST, ()), PART) is None
    assert base_lines(Study(MANIFEST, (), {"p": ()}), replace(PART, name="p")) is None
