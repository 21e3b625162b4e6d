"""Cells to draw, read once, and a way to draw them quickly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from matplotlib import pyplot

from rlvr_bench.reports.load import Cell
from tests.reports.hacking import HACKING
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


@pytest.fixture(scope="package")
def eight(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cell, ...]:
    return cells_of(tmp_path_factory.mktemp("eight"), *HACKING, seeds=2, steps=8)


@pytest.fixture(scope="package")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cell, ...]:
    return cells_of(tmp_path_factory.mktemp("three"), *CELLS, seeds=2, steps=8)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """No figure outlives its test."""
    yield
    pyplot.close("all")
