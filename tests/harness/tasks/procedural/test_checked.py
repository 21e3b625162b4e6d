"""Checked chains: the items of `chain`, checks that correct and checks that repeat, and how they are counted."""

from __future__ import annotations

import re

import pytest

from rlvr_bench.harness.tasks.procedural.chain import Chain, ChainConfig
from rlvr_bench.harness.tasks.procedural.checked import CheckedChain, CheckedChainConfig
from rlvr_bench.harness.tasks.self_checks import Checks, SelfChecks

OFTEN = CheckedChain(CheckedChainConfig(checks=0.3))


def shown(task: Chain, count: int, habit: float, noise: float = 0.0) -> list[tuple[str, bool]]:
    """Demonstrations, and whether the verifier finds them right."""
    items = [task.item("train", i) for i in range(count)]
    texts = [task.demonstration(item, noise=noise, habit=habit, seed=i) for i, item in enumerate(items)]
    verdicts = task.verifiers()["correct"].verify(texts, [item.target for item in items])
    return [(text, v.outcome == "pass") for text, v in zip(texts, verdicts, strict=True)]


def test_the_items_are_those_of_chain() -> None:
    plain = Chain(ChainConfig())
    assert [OFTEN.item("test", i) for i in range(20)] == [plain.item("test", i) for i in range(20)]
    assert isinstance(OFTEN, SelfChecks) and not isinstance(plain, SelfChecks)


def test_a_share_of_zero_shows_no_check() -> None:
    never = CheckedChain(CheckedChainConfig(checks=0.0))
    assert not [text for text, _ in shown(never, 200, habit=0.5, noise=0.3) if "?" in text]


def test_what_stands_behind_a_mark_is_right_and_used_from_there_on() -> None:
    """The written arithmetic is checked here; a value may be checked again."""
    repeated = 0
    for text, _ in shown(OFTEN, 300, habit=0.5):
        last = ""
        for left, op, right, written in re.findall(r"(\d)([-+*])(\d)=([\d?]+)", text):
            exact = str(
                {"+": int(left) + int(right), "-": int(left) - int(right), "*": int(left) * int(right)}[op] % 10
            )
            _, *after = written.split("?")
            assert last in ("", left) and set(after) <= {exact}
            repeated += len(after) > 1
            last = written[-1]
        assert text.endswith(f"<answer>{last}</answer>")
    assert repeated


def test_the_share_of_checks_is_the_settings_and_a_check_helps() -> None:
    """Values and checks are followed by a check with chance .3, so there are .3 / .7 checks a value."""
    found = [(OFTEN.checks(text), text, right) for text, right in shown(OFTEN, 1500, habit=0.5)]
    values = sum(text.count("=") for _, text, _ in found)
    total = sum(c.total for c, _, _ in found)
    assert abs(total / values - 0.3 / 0.7) < 0.04
    assert sum(c.harmed for c, _, _ in found) == 0
    assert sum(c.corrected + c.unchanged for c, _, _ in found) == total
    assert min(sum(c.corrected for c, _, _ in found), sum(c.unchanged for c, _, _ in found)) > 100
    checked, not_checked = ([right for c, _, right in found if (c.total > 0) is has] for has in (True, False))
    assert sum(checked) / len(checked) > sum(not_checked) / len(not_checked) + 0.05


def test_a_demonstration_with_a_random_slip_has_no_check() -> None:
    for text, right in shown(OFTEN, 200, habit=0.0, noise=1.0):
        assert "?" not in text and not right


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("<think>7+3=0;0*2=0;0-5=5</think><answer>5</answer>", Checks()),
        ("<think>7+3=1?0;0*2=0?0?0;0-5=5?4</think><answer>5</answer>", Checks(4, 1, 1, 2)),
        ("3*2=7?8?8", Checks(2, 0, 0, 1)),  # from one wrong value to another, which is then repeated
        ("7+3=?0;2+2=4?", Checks()),  # not a value between the marks
        ("9-2=7?7 and 1+1=3?2", Checks(2, 1, 0, 1)),
        ("", Checks()),
        ("12+3=5?5;³*2=6?6", Checks(1, 0, 0, 1)),  # by the arithmetic as it is written
    ],
)
def test_counts_by_hand(completion: str, expected: Checks) -> None:
    assert OFTEN.checks(completion) == expected


def test_the_modulus_decides_what_is_right() -> None:
    seven = CheckedChain(CheckedChainConfig(modulus=7))
    assert seven.checks("3*4=2?5") == Checks(1, 1, 0, 0)
    assert CheckedChain(CheckedChainConfig(modulus=100)).checks("9*9=80?81") == Checks(1, 1, 0, 0)


@pytest.mark.parametrize("checks", [-0.1, 0.95, float("nan")])
def test_a_bad_share_is_refused(checks: float) -> None:
    with pytest.raises(ValueError, match=r"checks must lie in \[0, 0.9\]"):
        CheckedChainConfig(checks=checks)
