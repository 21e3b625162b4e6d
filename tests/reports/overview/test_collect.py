"""Studies under a folder: which are found, what they say of which claim, and where the links lead."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.harness.records import Hypothesis, RecordError
from rlvr_bench.reports.overview.asked import ASKED
from rlvr_bench.reports.overview.collect import collect
from tests.reports import synthetic
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS

EQUAL = Hypothesis("accuracy.sort", "GRPO ends as PPO does.", "learning", "pass@1", ("grpo", "ppo"), "difference",
                   "equivalent", 0.05, 10, 3)  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies, one of them deeper and with its page, and folders that are none."""
    root = tmp_path_factory.mktemp("all")
    synthetic.write(root / "b", CELLS, [LEARNING], steps=20, hypotheses=[EQUAL])
    synthetic.write(root / "a" / "deep", CELLS[1:], [LEARNING, replace(SYSTEMS, seeds=(0,))], steps=8)
    (root / "b" / "report").mkdir()
    (root / "b" / "report" / "report.html").write_text("<html></html>")
    (root / "peers").mkdir()
    (root / "peers" / "1m.json").write_text("{}")
    return root


def test_every_study_is_found_in_the_order_of_the_names(root: Path) -> None:
    found = collect(root, root / "report")
    assert [(s.folder, s.runs, s.finished, s.parts) for s in found.studies] == [("a/deep", 8, 8, 2), ("b", 9, 9, 1)]
    assert found.studies[1].hours == pytest.approx(9 * 42 / 3600, abs=1e-12)
    assert found.unreadable == ()
    assert [c.asked for c in found.claims] == list(ASKED)


def test_a_study_inside_a_study_is_its_own(root: Path, tmp_path: Path) -> None:
    outer = shutil.copytree(root / "b", tmp_path / "all" / "b")
    shutil.copytree(root / "a" / "deep", outer / "learning" / "inner")
    assert [s.folder for s in collect(tmp_path / "all", tmp_path).studies] == ["b"]


def test_a_link_to_a_study_is_followed_and_no_other(root: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(root / "b")
    (tmp_path / "round").symlink_to(tmp_path)
    found = collect(tmp_path, tmp_path / "report")
    assert [(s.folder, s.page) for s in found.studies] == [("linked", "../linked/report/report.html")]


def test_links_lead_to_where_the_page_decides_and_only_to_pages_that_are_there(root: Path, tmp_path: Path) -> None:
    said = {c.asked.id: c for c in collect(root, root / "report").claims}["accuracy"].said
    assert {(s.study.folder, s.finding.id, s.link) for s in said if s.finding.primary} == {
        ("b", "accuracy.sort", "../b/report/report.html#claim-accuracy.sort")
    }
    assert {s.link for s in said if s.study.folder == "a/deep"} == {""}
    elsewhere = {c.asked.id: c for c in collect(root, tmp_path / "x" / "y").claims}["accuracy"].primary[0].link
    page = elsewhere.partition("#")[0]
    assert (tmp_path / "x" / "y" / page).resolve() == (root / "b/report/report.html").resolve()


def test_what_was_named_beforehand_comes_first_and_what_none_could_say_is_kept_once(root: Path) -> None:
    claims = {c.asked.id: c for c in collect(root, root / "report").claims}
    accuracy = claims["accuracy"]
    assert [s.finding.primary for s in accuracy.said] == sorted(
        (s.finding.primary for s in accuracy.said), reverse=True
    )
    assert len(accuracy.primary) == 1
    assert accuracy.descriptive
    assert (claims["critic"].said, [f.id for f in claims["critic"].untested]) == ((), ["critic.noise"])
    # b has a cell with a learned reward, a/deep has none: what one could say is not listed as untested
    reward = claims["reward"]
    assert "reward.cost" in {s.finding.id for s in reward.said if s.study.folder == "b"}
    assert "reward.cost" not in {f.id for f in reward.untested}
    assert "reward.random" in {f.id for f in reward.untested}


def test_a_study_that_cannot_be_read_is_listed_and_the_others_are_shown(root: Path, tmp_path: Path) -> None:
    every = shutil.copytree(root, tmp_path / "all")
    (every / "a/deep/learning/ppo/seed-0/summary.json").write_text("[]")
    found = collect(every, every / "report")
    assert [s.folder for s in found.studies] == ["b"]
    ((folder, reason),) = found.unreadable
    assert folder == "a/deep"
    assert "summary.json" in reason
    assert str(tmp_path) not in reason


def test_unlike_machines_are_refused_and_on_request_marked(tmp_path: Path) -> None:
    def environment(part, cell, seed) -> dict:
        return {"threads": 1 + (cell.name == "grpo")}

    synthetic.write(tmp_path / "s", CELLS[1:], [replace(SYSTEMS, seeds=(0, 1))], environment=environment)
    assert [folder for folder, _ in collect(tmp_path, tmp_path).unreadable] == ["s"]
    assert [s.unlike for s in collect(tmp_path, tmp_path, allow_unlike=True).studies] == [True]


def test_a_folder_without_studies_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=tmp_path.name):
        collect(tmp_path, tmp_path / "report")
