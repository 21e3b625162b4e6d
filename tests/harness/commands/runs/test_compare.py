"""Single runs put together: what is compared with what, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.commands.runs.compare import NOTE, put_together
from rlvr_bench.harness.config.load import config_hash
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import SuiteManifest, read_json, write_json
from rlvr_bench.reports.load import load
from tests.harness.cli_calls import RUN, call
from tests.harness.small_runs import config

Made = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A run folder that was begun with these settings."""

    def made(name: str, **sections: Any) -> Path:
        (tmp_path / name).mkdir()
        settings = config(**sections)
        about = {"config": settings.to_dict(), "hash": config_hash(settings), "inputs": {"code": "1"}}
        write_json(tmp_path / name / "config.json", about)
        return tmp_path / name

    return made


def manifest(folders: list[Path], into: Path, **options: Any) -> SuiteManifest:
    into.mkdir()
    put_together(folders, into, command="rlvr-bench report", **options)
    return SuiteManifest.from_json(read_json(into / "suite.json"))


def test_runs_that_differ_in_their_seeds_alone_are_one_cell(made: Made, tmp_path: Path) -> None:
    folders = [made("a"), made("b", seed=2), made("again"), made("c", algorithm={"name": "ppo"})]
    found = manifest(folders, tmp_path / "into")
    assert [cell.label for cell in found.cells] == ["GRPO, a and 1 more", "GRPO, again", "PPO, c"]
    assert [run.folder for run in found.runs] == [
        "part-1/1-a/seed-1", "part-1/1-a/seed-2", "part-1/2-again/seed-1", "part-1/3-c/seed-1",
    ]  # fmt: skip
    assert found.notes == (NOTE,)
    study = load(tmp_path / "into")
    assert [run.config["seed"] for run in study.runs] == [1, 2, 1, 1]


def test_a_part_is_one_task_and_one_model(made: Made, tmp_path: Path) -> None:
    other = made("other", task={"name": "sort"})
    bigger = made("bigger", model={"name": "tiny:32x1"}, evaluate={"every": 1})
    found = manifest([made("a"), other, bigger], tmp_path / "into")
    assert [(part.title, part.kind) for part in found.parts] == [
        ("parity, tiny:16x1", "systems"), ("sort, tiny:16x1", "systems"), ("parity, tiny:32x1", "learning"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sections", [{"train": {"steps": 5}}, {"train": {"epochs": 2}}, {"rollout": {"prompts": 8}}], ids=str
)
def test_unlike_budgets_are_refused_or_told(sections: Any, made: Made, tmp_path: Path) -> None:
    folders = [made("a"), made("b", **sections)]
    with pytest.raises(ConfigError, match=r"a: 2 steps of 16 completions, 1 epoch; .*b: .*add --allow-unlike"):
        manifest(folders, tmp_path / "refused")
    (_, told) = manifest(folders, tmp_path / "told", allow_unlike=True).notes
    assert told.startswith("Unlike budgets: ")


def test_other_tasks_may_have_other_budgets(made: Made, tmp_path: Path) -> None:
    manifest([made("a"), made("b", task={"name": "sort"}, train={"steps": 5})], tmp_path / "into")


def test_folders_without_a_run_and_folders_named_twice_are_refused(made: Made, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere: holds no run"):
        manifest([made("a"), tmp_path / "nowhere"], tmp_path / "into")
    with pytest.raises(ConfigError, match="named twice"):
        manifest([tmp_path / "a", tmp_path / "a" / ".." / "a"], tmp_path / "again")


def test_a_report_of_two_runs_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.toml").write_text(RUN)
    assert call("train", "x.toml", "--out", "a")[0] == 0
    assert call("train", "x.toml", "--out", "b", "--set", "algorithm.kl_coef=0.5")[0] == 0
    with pytest.raises(ConfigError, match="give --out"):
        call("report", "a", "b")
    status, out, _ = call("report", "a", "b", "--out", "both")
    assert (status, out.rstrip().splitlines()[-1]) == (0, "both/report.html")
    page = Path("both/report.html").read_text()
    assert "GRPO, a" in page
    assert "GRPO, b" in page
    assert "rlvr-bench report a b --out both" in page
    assert call("report", "a")[1].rstrip().endswith("a/report/report.html")
