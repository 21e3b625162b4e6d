"""The overview is written here: index.html for people, index.md for text tools, index.json for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import markdown_cell, one_line
from rlvr_bench.reports.overview.collect import Answered, Overview, Said
from rlvr_bench.reports.page.links import Names
from rlvr_bench.reports.page.table import Table
from rlvr_bench.reports.page.write import templates, write_text

TITLE = "PPO and GRPO with verifiable rewards: every claim, and what the studies here say of it"


@dataclass(frozen=True, kw_only=True)
class Words:
    """Verdicts on one proposition: which, each with the studies that reached it; they are never counted."""

    id: str
    verdicts: tuple[tuple[str, str], ...]  # (verdict, in which studies)


def in_words(said: Sequence[Said]) -> tuple[Words, ...]:
    """One entry for each proposition."""
    where: dict[str, dict[str, dict[str, None]]] = {}
    for one in said:
        where.setdefault(one.finding.id, {}).setdefault(one.finding.conclusion, {})[one.study.folder] = None
    return tuple(
        Words(id=identifier, verdicts=tuple((verdict, ", ".join(studies)) for verdict, studies in found.items()))
        for identifier, found in where.items()
    )


def short_table(overview: Overview) -> Table:
    """A row for each claim."""
    rows = []
    for answered in overview.claims:
        named = [f"{s.finding.id} {s.finding.conclusion} in {s.study.folder}" for s in answered.primary]
        described = [f"{w.id} {_listed(w)}" for w in in_words(answered.descriptive)]
        told = [f"{what}: {'; '.join(of)}" for what, of in (("named", named), ("descriptive", described)) if of]
        rows.append((answered.asked.claim, ". ".join(told) or "not tested"))
    return Table("Claims", ("claim", "what the studies say"), tuple(rows))


def _listed(words: Words) -> str:
    return ", ".join(f"{verdict} in {where}" for verdict, where in words.verdicts)


def place_of(said: Said) -> str:
    """The part of the study, where it has several."""
    return one_line(said.finding.part) if said.study.parts > 1 else ""


def write(overview: Overview, out: Path) -> Path:
    """Write the three files into `out` and give the path of index.html."""
    out.mkdir(parents=True, exist_ok=True)
    context: dict[str, Any] = {
        "title": TITLE,
        "overview": overview,
        "in_words": in_words,
        "place_of": place_of,
        "hours": lambda study: numbers.number(study.hours),
    }
    html, markdown = templates(autoescape=True), templates(autoescape=False)
    markdown.filters |= {"cell": markdown_cell}
    write_text(out / "index.html", html.get_template("index.html.j2").render(context, names=Names()))
    write_text(out / "index.md", markdown.get_template("index.md.j2").render(context))
    write_text(out / "index.json", as_json(overview))
    return out / "index.html"


def as_json(overview: Overview) -> str:
    """Everything as strict JSON; an end of an interval that is not finite is null, as one that is not known."""
    data = {
        "claims": [_claim(answered) for answered in overview.claims],
        "studies": [
            {
                "folder": s.folder,
                "title": s.title,
                "page": s.page or None,
                "command": s.command,
                "runs": s.runs,
                "finished": s.finished,
                "hours": round(s.hours, 4),
                "unlike_environments": s.unlike,
            }
            for s in overview.studies
        ],
        "unreadable": [{"folder": folder, "reason": reason} for folder, reason in overview.unreadable],
    }
    return json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _claim(answered: Answered) -> dict[str, Any]:
    return {
        "id": answered.asked.id,
        "claim": answered.asked.claim,
        "takes": answered.asked.takes,
        "findings": [_finding(one) for one in answered.said],
        "untested": [{"id": f.id, "claim": f.claim, "reason": f.note} for f in answered.untested],
    }


def _finding(said: Said) -> dict[str, Any]:
    f, e = said.finding, said.finding.estimate
    return {
        "study": said.study.folder,
        "part": f.part,
        "id": f.id,
        "claim": f.claim,
        "primary": f.primary,
        "verdict": f.conclusion,
        "sentence": f.sentence,
        "effect": f.effect,
        "a": f.pair[0] if f.pair else None,
        "b": f.pair[1] if f.pair else None,
        "scale": f.scale if e else None,
        "value": _finite(e.value) if e else None,
        "low": _finite(e.low) if e else None,
        "high": _finite(e.high) if e else None,
        "level": f.level if e else None,
        "n": f.n,
        "link": said.link or None,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
