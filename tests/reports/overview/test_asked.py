"""Claims under test: every finding has one place, and what a claim takes is shipped."""

from __future__ import annotations

import re
from itertools import chain
from typing import get_args

import pytest

from rlvr_bench.harness.config.suite_file import shipped
from rlvr_bench.reports.claims.finding import Finding, Question
from rlvr_bench.reports.claims.study import COSTS, LEARNING, WHOLE, ask
from rlvr_bench.reports.overview.asked import ASKED, Asked, claim_of

FOUND = [*ask(COSTS, ()), *ask(LEARNING, ()), *ask(WHOLE, ())]  # of no cells: every claim says that it is not tested


@pytest.mark.parametrize("finding", FOUND, ids=lambda f: f.id)
def test_every_finding_is_about_one_claim(finding: Finding) -> None:
    topic = finding.id.split(".")[0]
    assert [a.id for a in ASKED if topic in a.topics] == [claim_of(finding).id]


def test_topics_and_questions_belong_to_one_claim_each_and_ids_are_unique() -> None:
    for names in ([a.id for a in ASKED], [t for a in ASKED for t in a.topics], [q for a in ASKED for q in a.questions]):
        assert len(names) == len(set(names))
    assert {q for a in ASKED for q in a.questions} == set(get_args(Question))


@pytest.mark.parametrize(
    ("identifier", "question", "claim"),
    [
        ("target.chains", "accuracy", "budget"),  # the topic decides
        ("mine.own", "memory", "memory"),  # a topic of nobody's: the question does
        ("mine.own", "cost", "time"),
        ("critic.bias", "accuracy", "critic"),
    ],
)
def test_a_hypothesis_of_any_name_has_a_place(identifier: str, question: Question, claim: str) -> None:
    found = Finding(id=identifier, claim="C.", conclusion="refuted", question=question, primary=True)
    assert claim_of(found).id == claim


def test_a_claim_of_no_topic_and_no_question_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlvr_bench.reports.overview.asked.ASKED", ASKED[:1])
    with pytest.raises(LookupError, match="the topic 'time'"):
        claim_of(Finding(id="time.step", claim="C.", conclusion="refuted", question="cost"))


@pytest.mark.parametrize("asked", ASKED, ids=lambda a: a.id)
def test_what_a_claim_takes_is_shipped_and_says_on_what_hardware(asked: Asked) -> None:
    assert set(asked.suites) <= set(shipped())
    assert all(re.search(rf"\b{name}\b", asked.takes) for name in asked.suites)
    assert re.search(r"processor cores|GPU|machine", asked.takes)
    assert asked.takes.endswith(".")
    assert asked.claim.endswith(".")


def test_every_suite_that_is_run_for_the_claims_is_named_by_one() -> None:
    from rlvr_bench.harness.commands.studies.claims import ranked

    assert set(ranked()) <= set(chain.from_iterable(a.suites for a in ASKED))
