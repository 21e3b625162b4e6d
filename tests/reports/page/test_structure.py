"""How the page is built: what stands first, one place for each thing, links that hold, and ways to read it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from rlvr_bench import reports
from rlvr_bench.reports.claims import study as claims_study
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.figures.style import FORMATS, INCHES
from tests.reports import synthetic
from tests.reports.hacking import HACKING
from tests.reports.page.markup import Markup
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS

SECOND = replace(LEARNING, name="second", title="Another task", seeds=(0, 1))
PARTS = [replace(LEARNING, seeds=(0, 1)), SECOND, replace(SYSTEMS, seeds=(0, 1))]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with several parts, a failed run and a run that was never started."""
    cells = [
        CELLS[0],
        replace(HACKING[1], status={0: "oom"}, reason="no memory"),
        replace(CELLS[2], status={1: "missing"}),
    ]
    return reports.build(synthetic.write(tmp_path_factory.mktemp("study"), cells, PARTS, steps=8))


@pytest.fixture(scope="module")
def html(built: Path) -> str:
    return built.read_text()


@pytest.fixture(scope="module")
def markup(html: str) -> Markup:
    return Markup(html)


def test_the_answer_its_figure_and_its_table_come_first(html: str) -> None:
    first = html[html.index('<div id="first-screen">') : html.index('<h2 id="others">')]
    places = [first.index(mark) for mark in ("Accuracy", "Cost", "Memory", "Scope", "<img", '<table class="short">')]
    assert places == sorted(places)
    assert first.count("<img") == first.count("<table") == 1
    assert html.index("<main>") < html.index('<div id="first-screen">') < html.index("<h3")


def test_parts_follow_the_claims_and_the_appendix_is_last(html: str) -> None:
    marks = ["answer", "others", "claims", "part-learning", "part-second", "part-systems", "appendix"]
    places = [html.index(f'<h2 id="{mark}"') for mark in marks]
    assert places == sorted(places)
    appendix = ("seeds", "errors", "gradients", "published", "fairness", "completions", "methods", "reproduce")
    places = [html.index(f'<h3 id="{mark}"') for mark in appendix]
    assert places == sorted(places)
    assert places[0] > html.index('<h2 id="appendix"')


def test_elements_are_closed_and_headings_in_order(markup: Markup) -> None:
    assert markup.unclosed == []
    assert markup.open == []
    assert markup.headings[0] == 1
    assert markup.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(markup.headings, markup.headings[1:], strict=False))


def test_ids_landmarks_and_regions_are_unique(markup: Markup) -> None:
    ids = markup.values("id")
    assert len(ids) == len(set(ids))
    assert [len(markup.all(tag)) for tag in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]
    labels = markup.values("aria-label")
    assert len(labels) == len(set(labels))


def test_every_table_and_figure_scrolls_by_keyboard_and_has_a_name(html: str, markup: Markup) -> None:
    regions = [a for a in markup.all("div") if a.get("role") == "region"]
    assert all(a["tabindex"] == "0" and a["aria-label"] for a in regions)
    assert len(regions) == html.count("<table") + html.count("<img") == html.count('class="cue"')
    assert all(a["alt"] for a in markup.all("img"))
    assert all("scope" in a for a in markup.all("th"))


def test_each_figure_is_inside_the_page_once(built: Path, markup: Markup) -> None:
    sources = [a["src"] for a in markup.all("img")]
    drawn = list((built.parent / "figures").glob("*.svg"))
    assert len(sources) == len(drawn)
    assert {a["alt"].removeprefix("Figure ").split(":")[0] for a in markup.all("img")} == {p.stem for p in drawn}
    assert all(source.startswith("data:image/svg+xml,") for source in sources)
    assert not markup.all("source", "script", "link", "iframe")


def test_every_link_leads_somewhere(built: Path, markup: Markup) -> None:
    ids = set(markup.values("id"))
    elsewhere = [a["href"] for a in markup.all("a") if not a["href"].startswith("https://arxiv.org/abs/")]
    assert {href.split("/")[0] for href in elsewhere if not href.startswith("#")} == {
        "..", "figures", "report.md", "tables"
    }  # fmt: skip
    for href in elsewhere:
        assert href[1:] in ids if href.startswith("#") else (built.parent / unquote(href)).exists(), href
    assert {f"../{p}/ppo-rm/seed-0/metrics.jsonl" for p in ("learning", "second", "systems")} <= set(elsewhere)
    assert "../learning/grpo/seed-1/" not in elsewhere  # it was not run


def test_it_can_be_read_in_the_dark_and_printed(html: str) -> None:
    assert "@media (prefers-color-scheme: dark)" in html
    printed = html[html.index("@media print") : html.index("</style>")]
    assert "details::details-content { content-visibility: visible" in printed
    assert "a { text-decoration: none; }" in printed
    assert "break-before: page" in printed


def test_nothing_is_counted_as_votes(html: str, built: Path) -> None:
    for text in (html, (built.parent / "report.md").read_text()):
        assert not any(f"{n} {word}" in text for n in range(30) for word in ("supported", "refuted", "inconclusive"))


def test_the_markdown_twin_has_the_same_order(html: str, built: Path) -> None:
    markdown = (built.parent / "report.md").read_text()
    marks = [
        "**Accuracy.**", "**Cost.**", "**Memory.**", "Scope:", "![Figure", "## The same for the other parts",
        "## Claims", "### Named before the runs", f"## {LEARNING.title}", f"## {SECOND.title}", "## Appendix",
        "### Every run", "### Evaluation error", "### Published numbers beside ours", "### How to reproduce this",
    ]  # fmt: skip
    places = [markdown.index(mark if mark[0] in "*S!" else f"\n{mark}\n") for mark in marks]
    assert places == sorted(places)
    assert markdown.count("![Figure") == html.count("<img")


@pytest.mark.usefixtures("no_figures")
def test_hypotheses_are_first_open_and_hashed_and_the_rest_is_folded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Finding(id="h.one", claim="H.", conclusion="refuted", sentence="H <b>.", primary=True, power=0.8, rule="R.")
    two = replace(one, id="d.two", primary=False, question="memory", sentence="D.")
    monkeypatch.setattr(claims_study, "findings", lambda study: (two, one))
    html = reports.build(synthetic.write(tmp_path, CELLS[2:], [LEARNING], steps=2)).read_text()
    assert html.index("Named before the runs") < html.index('id="claim-h.one"') < html.index('id="claim-d.two"')
    assert "H &lt;b&gt;." in html
    assert '<details class="family"><summary>Memory (1)</summary>' in html
    monkeypatch.setattr(claims_study, "findings", lambda study: (two,))
    html = reports.build(tmp_path).read_text()
    assert '<details class="family" open><summary>Memory (1)</summary>' in html
    assert "named no hypotheses beforehand" in html


@pytest.mark.usefixtures("quick_figures")
def test_files_for_a_paper_are_made_on_request_and_do_not_outlive_it(tmp_path: Path) -> None:
    synthetic.write(tmp_path, CELLS[2:], [replace(SYSTEMS, seeds=(0,))])
    page = reports.build(tmp_path, paper=True)
    files = {p.name for p in (page.parent / "figures").iterdir()}
    assert {f"time-systems{width}.svg" for width in ("", "-column")} <= files
    assert 'href="figures/time-systems-column.svg"' in page.read_text()
    page = reports.build(tmp_path)
    assert {p.suffix for p in (page.parent / "figures").iterdir()} == {".svg"}
    assert not list((page.parent / "figures").glob("*-column*"))
    assert "time-systems-column" not in page.read_text()
    assert (set(FORMATS), set(INCHES)) >= ({"svg"}, {"text"})
