"""Append-only files of JSON lines, each with its number and a checksum; a killed run tears at most the last block.

A block is a line of a `.jsonl` file, or a gzip member with some lines of a `.jsonl.gz` file.  A torn last block is cut
off before anything is added behind it; damage anywhere else is refused by name.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rlvr_bench.harness.records import disk
from rlvr_bench.harness.records.counts import EvaluationCounts, ManySamples
from rlvr_bench.harness.records.files import RecordError

Row = dict[str, Any]
_SEAL = ', "crc": "'
_CHUNK = 2**16


@dataclass(frozen=True)
class Block:
    """Lines that were written by one call."""

    rows: tuple[Row, ...]
    end: int
    """Bytes of the file up to its end."""


class Log:
    """A file that grows; opening it cuts a torn tail off.

    Args:
        path: `.jsonl`, or `.jsonl.gz`, whose blocks are compressed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        whole = list(_blocks(path))
        self.length = whole[-1].end if whole else 0
        """Bytes of the whole blocks."""
        self.lines = sum(len(block.rows) for block in whole)
        self.torn = (path.stat().st_size if path.exists() else 0) - self.length
        """Bytes of a torn block that were cut off."""
        if self.torn:
            disk.cut(path, self.length)

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows as one block.  Raises DiskError if they cannot be written; then none of them is there."""
        if not rows:
            return
        text = b"".join(_sealed(row, self.lines + i) for i, row in enumerate(rows, start=1))
        data = gzip.compress(text, mtime=0) if self.path.suffix == ".gz" else text
        self.length = disk.append(self.path, data)
        self.lines += len(rows)

    def cut(self, length: int) -> None:
        """Go back to an earlier length.

        Raises:
            RecordError: the file is shorter than that, or no block ends there.
        """
        kept = [block for block in _blocks(self.path) if block.end <= length]
        if (kept[-1].end if kept else 0) != length:
            raise RecordError(
                f"{self.path}: the checkpoint was taken when it had {length} bytes, and no record ends there now; "
                "restore the file, or do the run again in another folder"
            )
        disk.cut(self.path, length)
        self.length, self.lines = length, sum(len(block.rows) for block in kept)


def metrics_line(step: int, metrics: Mapping[str, float | int | None]) -> Row:
    """A line of metrics.jsonl: what is not finite is null, and the list "not_finite" names it."""
    bad = sorted(k for k, v in metrics.items() if v is not None and not math.isfinite(v))
    line: Row = {"step": step} | {k: None if k in bad else v for k, v in sorted(metrics.items())}
    return line | ({"not_finite": bad} if bad else {})


def count_metrics(path: Path) -> int:
    """Lines so far, 0 without a file; cheap enough to ask a few times a second."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def read_metrics(path: Path) -> list[Row]:
    """All whole lines, in order, none without a file; a torn last line (a run killed while writing) is left out.

    Raises:
        RecordError: a line elsewhere is broken; names it.
    """
    return [row for block in _blocks(path) for row in block.rows]


def read_completions(path: Path) -> Iterator[Row]:
    """Rows in the order of writing, none without a file; stops at a torn tail.  Raises as `read_metrics`."""
    return (row for block in _blocks(path) for row in block.rows)


def read_evaluations(path: Path) -> list[EvaluationCounts]:
    """All whole evaluations in the order of writing; as `read_metrics`."""
    return [EvaluationCounts.from_json(row) for block in _blocks(path) for row in block.rows]


def read_many(path: Path) -> list[ManySamples]:
    """All whole lines of many.jsonl.gz; as `read_metrics`."""
    return [ManySamples.from_json(row) for block in _blocks(path) for row in block.rows]


def evaluation_line(counts: EvaluationCounts) -> Row:
    """A line of evaluations.jsonl.gz."""
    return asdict(counts)


def _sealed(row: Mapping[str, Any], number: int) -> bytes:
    text = json.dumps({**row, "seq": number}, allow_nan=False)
    return f'{text[:-1]}{_SEAL}{zlib.crc32(text.encode()):08x}"}}\n'.encode()


def _opened(line: bytes) -> Row:
    """The row of a line, without its seal.  Raises ValueError if the two do not match."""
    text = line.decode()
    row = json.loads(text)
    if not isinstance(row, dict):
        raise ValueError("not an object")
    if "crc" in row or "seq" in row:
        at = text.rfind(_SEAL)
        if at < 0 or f"{zlib.crc32((text[:at] + '}').encode()):08x}" != row.pop("crc", None):
            raise ValueError("its checksum is not that of the line")
    return row


def _blocks(path: Path) -> Iterator[Block]:
    """The whole blocks of a file.

    Files from before there were seals have neither numbers nor checksums; in one file, all lines have them or none.
    """
    if not path.exists():
        return
    data = path.read_bytes()
    number, sealed = 0, None
    for found, end in _members(path, data) if path.suffix == ".gz" else _terminated(data):
        rows = []
        for line in found:
            number += 1
            try:
                row = _opened(line)
                seq = row.pop("seq", None)
                sealed = (seq is not None) if sealed is None else sealed
                if seq != (number if sealed else None):
                    raise ValueError(f"its number is {seq}")
            except ValueError as error:
                raise RecordError(
                    f"{path}:{number}: damaged ({error}); restore the file, or do the run again"
                ) from None
            rows.append(row)
        yield Block(tuple(rows), end)


def _terminated(data: bytes) -> Iterator[tuple[Iterable[bytes], int]]:
    """Each line that ends in a line feed, and where it ends."""
    start = 0
    while (stop := data.find(b"\n", start)) >= 0:
        yield [data[start:stop]] if stop > start else [], stop + 1
        start = stop + 1


def _members(path: Path, data: bytes) -> Iterator[tuple[Iterable[bytes], int]]:
    """The lines of each whole gzip member, and where it ends."""
    start, number = 0, 0
    while start < len(data):
        number += 1
        member, text, read = zlib.decompressobj(wbits=31), b"", start
        try:
            while not member.eof and read < len(data):
                text += member.decompress(data[read : read + _CHUNK])
                read += _CHUNK
        except zlib.error as error:
            raise RecordError(
                f"{path}: block {number} is damaged ({error}); restore the file, or do the run again"
            ) from None
        if not member.eof:
            return  # torn
        start = min(read, len(data)) - len(member.unused_data)
        yield text.split(b"\n")[:-1], start
