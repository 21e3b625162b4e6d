"""The overview as a page, as text and for programs: whole, safe, readable on any screen, and the same twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from rlvr_bench import reports
from rlvr_bench.harness.records import Hypothesis
from rlvr_bench.reports.claims.finding import Conclusion, Finding
from rlvr_bench.reports.overview.asked import ASKED
from rlvr_bench.reports.overview.collect import Answered, Overview, Said, StudyLine, collect
from rlvr_bench.reports.overview.write import as_json, in_words, short_table, write
from rlvr_bench.reports.stats import Estimate
from tests.reports import synthetic
from tests.reports.page.markup import Markup
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS

ATTACK = "<script>alert(1)</script> | \x1b[31m \u202e end"
EQUAL = Hypothesis("accuracy.sort", "GRPO ends as PPO does.", "learning", "pass@1", ("grpo", "ppo"), "difference",
                   "equivalent", 0.05, 10, 3)  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One study with its page and an unfriendly title, one without, one that cannot be read."""
    root = tmp_path_factory.mktemp("all")
    # Differences to PPO, .90 + .01 seed: 1.0, 1.2 and 1.4 points; 2.920 x 0.2 / sqrt(3) = 0.34 around their mean.
    cells = [*CELLS[:2], replace(CELLS[2], final=lambda seed: 0.91 + 0.012 * seed)]
    synthetic.write(root / "one", cells, [replace(LEARNING, title=ATTACK), SYSTEMS], steps=20, hypotheses=[EQUAL])
    synthetic.write(root / "two", CELLS[1:], [LEARNING], steps=8)
    synthetic.write(root / "torn", CELLS[2:], [LEARNING], steps=4)
    (root / "torn/learning/grpo/seed-0/config.json").write_text("[]")
    (root / "one/report").mkdir()
    (root / "one/report/report.html").write_text("<html></html>")
    return reports.write_overview(root).page


@pytest.fixture(scope="module")
def html(built: Path) -> str:
    return built.read_text()


def test_it_is_beside_the_studies_and_in_three_forms(built: Path) -> None:
    assert built.parent.name == "report"
    assert {p.name for p in built.parent.iterdir()} == {"index.html", "index.md", "index.json"}


def test_every_claim_is_there_with_what_it_takes(built: Path, html: str) -> None:
    markup = Markup(html)
    markdown = built.with_suffix(".md").read_text()
    for asked in ASKED:
        assert asked.id in markup.values("id")
        assert html.count(asked.takes) == 2
        assert f"## {asked.claim}" in markdown.replace("\\", "")
    untested = html[html.index('<h2 id="critic">') : html.index('<h2 id="groups">')]
    assert '<span class="tag not tested">not tested</span> It takes: ' in untested
    assert "critic.noise" in untested


def test_the_verdict_the_effect_and_n_of_a_hypothesis_stand_in_the_first_table(built: Path, html: str) -> None:
    (found,) = [f for c in json.loads(built.with_suffix(".json").read_text())["claims"] for f in c["findings"]
                if f["primary"]]  # fmt: skip
    assert found["effect"] == "GRPO, verifier less PPO, verifier: +1.2 [+0.9, +1.5] points (90 % interval)"
    assert (found["verdict"], found["n"]) == ("supported", "3 of 3 planned pairs")
    first = html[html.index('<h2 id="short">') : html.index('<h2 id="accuracy">')]
    assert (
        '<span class="tag supported">supported</span> <a href="../one/report/report.html#claim-accuracy.sort">' in first
    )
    assert f"{found['effect']}; 3 of 3 planned pairs" in first
    markdown = built.with_suffix(".md").read_text()
    assert "**supported** one, accuracy.sort: GRPO, verifier less PPO, verifier: +1.2" in markdown


def test_markup_is_whole_and_can_be_read_without_seeing_it(html: str) -> None:
    markup = Markup(html)
    assert (markup.unclosed, markup.open) == ([], [])
    assert markup.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(markup.headings, markup.headings[1:], strict=False))
    for names in (markup.values("id"), markup.values("aria-label")):
        assert len(names) == len(set(names))
    regions = [a for a in markup.all("div") if a.get("role") == "region"]
    assert len(regions) == html.count("<table")  # so that none widens a narrow screen
    assert all(a["tabindex"] == "0" and a["aria-label"] for a in regions)
    assert all("scope" in a for a in markup.all("th"))
    assert [len(markup.all(tag)) for tag in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]


def test_it_needs_no_network_and_can_be_read_in_the_dark(html: str) -> None:
    assert "http:" not in html
    assert "https:" not in html
    assert "default-src 'none'" in html
    assert not Markup(html).all("script", "link", "img", "iframe")
    assert "@media (prefers-color-scheme: dark)" in html
    assert "@media print" in html
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html


def test_every_link_leads_somewhere(built: Path, html: str) -> None:
    markup = Markup(html)
    ids = set(markup.values("id"))
    for href in {a["href"] for a in markup.all("a")}:
        page, _, anchor = href.partition("#")
        assert (built.parent / unquote(page)).exists() if page else anchor in ids, href
    assert not [a for a in markup.all("a") if "/two/" in a["href"]]
    assert "No page yet" in html


def test_nothing_is_counted_as_votes(html: str, built: Path) -> None:
    for text in (html, built.with_suffix(".md").read_text()):
        assert not any(f"{n} {word}" in text for n in range(30) for word in ("supported", "refuted", "inconclusive"))


def test_titles_cannot_become_markup_nor_steer_a_terminal(built: Path, html: str) -> None:
    markdown = built.with_suffix(".md").read_text()
    assert "<script" not in html + markdown
    assert "&lt;script&gt;" in html
    assert not {"\x1b", "\u202e"} & set(html + markdown)


def test_what_could_not_be_read_stands_first(html: str) -> None:
    assert html.index("Could not be read") < html.index('<h2 id="short">')
    assert "torn: " in html


def test_it_is_the_same_twice(built: Path) -> None:
    before = {p.name: p.read_bytes() for p in built.parent.iterdir()}
    reports.write_overview(built.parent.parent)
    assert {p.name: p.read_bytes() for p in built.parent.iterdir()} == before


LINE = StudyLine(folder="s", title="", page="", runs=1, finished=1, hours=0.0, command="", parts=1)


def said(identifier: str, verdict: Conclusion, study: str) -> Said:
    finding = Finding(id=identifier, claim="C.", conclusion=verdict)
    return Said(study=replace(LINE, folder=study), finding=finding, link="")


def test_verdicts_are_put_together_by_proposition() -> None:
    found = [said("a.x", "refuted", "one"), said("a.y", "refuted", "one"), said("a.x", "refuted", "two"),
             said("a.x", "supported", "one"), said("a.x", "refuted", "one")]  # fmt: skip
    assert [(w.id, w.verdicts) for w in in_words(found)] == [
        ("a.x", (("refuted", "one, two"), ("supported", "one"))),
        ("a.y", (("refuted", "one"),)),
    ]


def test_a_terminal_gets_a_row_for_each_claim(built: Path) -> None:
    table = short_table(collect(built.parent.parent, built.parent))
    assert [row[0] for row in table.rows] == [a.claim for a in ASKED]
    rows = dict(table.rows)
    assert rows[ASKED[0].claim].startswith("named: accuracy.sort supported in one. descriptive: accuracy.final ")
    assert [rows[a.claim] for a in ASKED if a.id == "critic"] == ["not tested"]


def test_an_endless_interval_is_null_in_json(tmp_path: Path) -> None:
    finding = Finding(id="time.step", claim="C.", conclusion="inconclusive", pair=("A", "B"), scale="ratio",
                      estimate=Estimate(2.0, 0.5, float("inf"), 3, "log-rank"))  # fmt: skip
    one = Answered(asked=ASKED[2], said=(Said(study=LINE, finding=finding, link=""),), untested=())
    overview = Overview(studies=(LINE,), claims=(one,), unreadable=())
    (shown,) = json.loads(as_json(overview))["claims"][0]["findings"]
    assert (shown["value"], shown["low"], shown["high"], shown["scale"]) == (2.0, 0.5, None, "ratio")
    assert (shown["a"], shown["b"], shown["link"]) == ("A", "B", None)
    assert write(overview, tmp_path / "new" / "folder").exists()
