"""What the tests of pages and figures share."""

from __future__ import annotations

import pytest

from rlvr_bench.reports.figures import style


@pytest.fixture
def quick_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """One format and no layout: what such a test looks at is elsewhere."""
    monkeypatch.setattr(style, "FORMATS", ("svg",))
    monkeypatch.setattr(style, "RC", style.RC | {"figure.constrained_layout.use": False})


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing is most of the time that a page takes."""
    from rlvr_bench.reports.figures import draw

    monkeypatch.setattr(draw, "FIGURES", ())
