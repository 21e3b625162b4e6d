"""The folder of a command that was given none."""

from __future__ import annotations

import re

from rlvr_bench.harness.commands.folders import fresh_folder


def test_it_has_the_name_and_the_time() -> None:
    assert re.fullmatch(r"runs/quick-dry-\d{8}-\d{6}", fresh_folder("quick-dry").as_posix())
