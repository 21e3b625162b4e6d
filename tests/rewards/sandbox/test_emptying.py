"""Emptying and weighing a folder: everything goes, nothing is missed, and no name stays in memory."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import pytest

from rlvr_bench.rewards.sandbox import emptying


def filled(folder: Path, files: int, size: int = 0, levels: int = 0) -> Path:
    """A folder with so many files, in so many folders inside each other."""
    place = folder
    for _ in range(levels):
        place /= "d"
        place.mkdir(parents=True)
    for number in range(files):
        (place / f"file{number}").write_bytes(b"x" * size)
    return folder


def test_a_folder_is_emptied_of_everything_and_stays(tmp_path: Path) -> None:
    filled(tmp_path, 300)
    filled(tmp_path, 3, levels=50)
    (tmp_path / ".hidden").touch()
    (tmp_path / "..odd").mkdir()
    (tmp_path / ("x" * 255)).touch()
    (tmp_path / "link").symlink_to(tmp_path.parent)
    (tmp_path / "closed" / "inner").mkdir(parents=True)
    (tmp_path / "closed" / "inner").chmod(0)
    (tmp_path / "closed").chmod(0)
    emptying.empty(str(tmp_path))
    assert os.listdir(tmp_path) == []
    assert tmp_path.parent.is_dir()
    emptying.empty(str(tmp_path))


def test_a_tree_too_deep_for_recursion_and_for_a_path_is_emptied(tmp_path: Path) -> None:
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        for _ in range(1500):
            os.mkdir("d" * 20)
            os.chdir("d" * 20)
    finally:
        os.chdir(here)
    emptying.empty(str(tmp_path))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("files", "size", "levels", "over"),
    [
        (0, 0, 0, False),
        (1000, 0, 0, False),
        (1001, 0, 0, True),
        (15, 1 << 20, 0, False),
        (17, 1 << 20, 0, True),
        (990, 0, 9, False),
        (990, 0, 11, True),  # 1001 entries with the folders
        (0, 0, 19, False),
        (0, 0, 20, True),
    ],
)
def test_a_folder_is_over_its_cap_by_bytes_files_or_depth(
    tmp_path: Path, files: int, size: int, levels: int, over: bool
) -> None:
    assert emptying.over_cap(str(filled(tmp_path, files, size, levels))) is over


def test_a_file_with_a_size_and_no_content_counts(tmp_path: Path) -> None:
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(emptying.MAX_BYTES + 1)
    assert emptying.over_cap(str(tmp_path))


def test_a_folder_that_cannot_be_listed_is_weighed_too(tmp_path: Path) -> None:
    closed = filled(tmp_path / "closed", 1001, levels=1)
    closed.chmod(0o300)
    assert emptying.over_cap(str(tmp_path))


def test_a_folder_that_is_gone_is_not_over_its_cap(tmp_path: Path) -> None:
    assert not emptying.over_cap(str(tmp_path / "gone"))


def test_names_are_zeroed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path, 3, levels=2)
    zero, left = ctypes.memset, []

    def memset(start: int, value: int, size: int) -> None:
        left.append(ctypes.string_at(start, size))
        zero(start, value, size)
        left.append(ctypes.string_at(start, size))

    monkeypatch.setattr(ctypes, "memset", memset)
    emptying.over_cap(str(tmp_path))
    emptying.empty(str(tmp_path))
    assert [b"file0" in names for names in left] == [True, False, True, False]
    assert not any(left[1]) and not any(left[3])


def test_what_is_no_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        emptying.empty(str(tmp_path / "file"))
