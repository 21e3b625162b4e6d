"""Where a command writes when no folder is given."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path


def fresh_folder(name: str) -> Path:
    """runs/NAME-YYYYMMDD-HHMMSS in the current folder."""
    return Path("runs") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
