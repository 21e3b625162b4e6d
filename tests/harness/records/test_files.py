"""JSON files: strict, and replaced whole."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from rlvr_bench.harness.records import RecordError, canonical_json, read_json, write_json


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"old": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"new": math.nan})

    def killed(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            write_json(path, {"new": 2})
    assert read_json(path) == {"old": 1}
    write_json(path, {"new": 3})
    assert read_json(path) == {"new": 3}


@pytest.mark.parametrize(("text", "message"), [("{", r"a\.json:1: not JSON"), (None, "no such file")])
def test_a_file_that_is_no_json_is_named(text: str | None, message: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "a.json").write_text(text)
    with pytest.raises(RecordError, match=message):
        read_json(tmp_path / "a.json")


def test_canonical_json() -> None:
    assert canonical_json({"b": [1, 2.5], "a": "ä"}) == '{"a":"ä","b":[1,2.5]}'
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(math.inf)
