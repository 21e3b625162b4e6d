"""`rlvr-bench paper`: its options reach the writer, and what cannot be is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench import reports
from rlvr_bench.harness.errors import ConfigError
from tests.harness.cli_calls import call


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was to be written; nothing is."""
    seen: list[Any] = []

    def write(results: Path, out: Path, *, track: Any, **options: Any) -> Path:
        seen.append((results, out, options))
        return out / "main.tex"

    monkeypatch.setattr(reports, "write_paper", write)
    return seen


def test_two_columns_beside_the_records_by_default(asked: list[Any], tmp_path: Path) -> None:
    status, out, _ = call("paper", str(tmp_path))
    assert (status, out.strip()) == (0, str(tmp_path / "paper/main.tex"))
    assert asked == [(tmp_path, tmp_path / "paper", {"columns": 2, "allow_unlike": False})]


def test_options_are_passed_on(asked: list[Any], tmp_path: Path) -> None:
    call("paper", str(tmp_path), "--columns", "1", "--out", str(tmp_path / "kit"), "--allow-unlike")
    assert asked == [(tmp_path, tmp_path / "kit", {"columns": 1, "allow_unlike": True})]


def test_no_third_column_and_no_file_for_a_folder(asked: list[Any], tmp_path: Path) -> None:
    assert call("paper", str(tmp_path), "--columns", "3")[0] == 2
    (tmp_path / "kit").touch()
    with pytest.raises(ConfigError, match="kit: is a file"):
        call("paper", str(tmp_path), "--out", str(tmp_path / "kit"))
    assert asked == []
