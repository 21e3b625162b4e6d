"""What is wrong with a configuration."""

from __future__ import annotations

from typing import Any

import pytest

from rlvr_bench.harness.errors import ConfigError
from tests.harness.small_runs import config


def problems(**sections: Any) -> list[str]:
    """What is wrong with the smallest run when these sections are merged in."""
    with pytest.raises(ConfigError) as caught:
        config(**sections)
    return list(caught.value.problems)
