"""Which pay makes a scorer unfit, on scorers made for the purpose."""

from __future__ import annotations

import pytest

from rlvr_bench.harness.tasks.reasoning_gym.probe import ITEMS, SCREENING, Entry, worst_payer

SUMS = [{"question": f"What is {i} + {i}?\nAnswer: ", "answer": str(2 * i)} for i in range(ITEMS)]


def test_an_exact_scorer_pays_for_nothing_but_what_is_right() -> None:
    payer = worst_payer(SUMS, lambda answer, entry: answer == entry["answer"])
    assert payer is not None and payer.problem is None
    assert (payer.paid, payer.unearned) == (1, 0)  # 0 + 0 and 1 + 1 are answers that were tried


def test_a_scorer_that_pays_for_everything_is_found() -> None:
    payer = worst_payer(SUMS, lambda answer, entry: True)
    assert payer is not None and payer.unearned == ITEMS
    assert payer.problem == ("pays for 'no such answer 0123456789' on 10 of 10 items whose right answer is another one")


def test_a_rule_that_reads_the_question_is_found() -> None:
    payer = worst_payer(SUMS, lambda answer, entry: "e0" in answer and answer.startswith("0e0*("))
    assert payer is not None and payer.problem is not None and "0e0*(a+b+c)+Ne0" in payer.problem


@pytest.mark.parametrize(("unearned", "refused"), [(1, False), (2, True)])
def test_one_item_in_ten_may_have_another_answer(unearned: int, refused: bool) -> None:
    """1 of 10 is not above a tenth, 2 of 10 is."""
    paying = [entry["question"] for entry in SUMS[1 : 1 + unearned]]
    payer = worst_payer(SUMS, lambda answer, entry: answer == "x" and entry["question"] in paying)
    assert payer is not None and (payer.unearned, payer.problem is not None) == (unearned, refused)


@pytest.mark.parametrize(("right", "refused"), [(8, False), (9, True)])
def test_a_constant_may_be_right_on_four_items_in_five(right: int, refused: bool) -> None:
    entries = [{"question": "?", "answer": "True" if i < right else "False"} for i in range(ITEMS)]
    payer = worst_payer(entries, lambda answer, entry: answer == entry["answer"])
    assert payer is not None and (payer.paid, payer.unearned) == (right, 0)
    assert (payer.problem is not None) == refused


@pytest.mark.parametrize(
    ("answer", "right"), [("0", "0.0"), ("True", "true"), ("A", "(A)"), ("0.5", "0.50000001"), ("[]", "")]
)
def test_an_answer_is_right_however_it_is_spelled(answer: str, right: str) -> None:
    entries = [{"question": "?", "answer": right}] * ITEMS
    payer = worst_payer(entries, lambda text, entry: text == answer)
    assert payer is not None and (payer.paid, payer.unearned) == (ITEMS, 0)


def test_what_pays_on_none_of_the_first_items_is_not_tried_further() -> None:
    tried: list[Entry] = []

    def pays(answer: str, entry: Entry) -> bool:
        tried.extend([entry] if answer == "x" else [])
        return False

    assert worst_payer(SUMS, pays) is None
    assert len(tried) == SCREENING
