"""Tests that need the package skip where it is not installed."""

from __future__ import annotations

from types import ModuleType

import pytest


@pytest.fixture
def gym() -> ModuleType:
    return pytest.importorskip("reasoning_gym", reason="pip install 'rlvr-bench[tasks]'")
