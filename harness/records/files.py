"""JSON files, written whole."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.records import disk


class RecordError(UserError):
    """A results folder that cannot be read; names the file, the place and the remedy."""


def canonical_json(value: Any) -> str:
    """One text for one value, from which hashes are made: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def hash_of(value: Any) -> str:
    """Twelve hexadecimal digits of the SHA-256 of a JSON-able value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:12]


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Write atomically: a reader sees the old file or the new one, never a part.  Dataclasses become objects."""
    if hasattr(value, "__dataclass_fields__"):
        value = asdict(value)
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"
    disk.write_whole(path, text.encode())


def read_json(path: Path) -> Any:
    """The value in a file.  Raises RecordError where it is missing or is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordError(f"{path}: no such file; is {path.parent} a results folder?") from None
    except json.JSONDecodeError as error:
        raise RecordError(f"{path}:{error.lineno}: not JSON ({error.msg}); restore it or do the run again") from None
    except UnicodeDecodeError as error:
        raise RecordError(f"{path}: not UTF-8 ({error.reason}); restore it or do the run again") from None
