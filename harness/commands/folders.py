"""Where a command writes."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from rlvr_bench.harness.errors import ConfigError


def fresh_folder(name: str) -> Path:
    """runs/NAME-YYYYMMDD-HHMMSS in the current folder."""
    return Path("runs") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"


def check_writable(folder: Path) -> None:
    """Raises ConfigError where the folder is a file, or could not be made or written to.  It is not made here."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError([f"--out {folder}: is a file; give a folder"])
    nearest = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise ConfigError([f"--out {folder}: {nearest} cannot be written to; choose another folder"])


def check_file(file: Path) -> None:
    """Raises ConfigError where the file is a folder, or could not be written; nothing is made here."""
    if file.is_dir():
        raise ConfigError([f"--out {file}: is a folder; give a file"])
    if not file.absolute().parent.is_dir() or not os.access(file.absolute().parent, os.W_OK | os.X_OK):
        raise ConfigError([f"--out {file}: {file.absolute().parent} is no folder that can be written to"])
    if file.exists() and not os.access(file, os.W_OK):
        raise ConfigError([f"--out {file}: cannot be written to; choose another file"])


def check_new_folder(folder: Path) -> None:
    """Raises ConfigError where the folder could not be made, or holds something already."""
    check_writable(folder)
    if folder.is_dir() and any(folder.iterdir()):
        raise ConfigError([f"--out {folder}: is not empty; choose another folder"])
