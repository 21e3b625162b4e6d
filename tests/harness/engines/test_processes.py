"""How prompts are dealt and rollouts joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch

from rlvr_bench.algorithms.types import BatchCounts, Rollout
from rlvr_bench.harness.engines.processes import Processes, joined
from tests.harness.ragged import make_rollout


@dataclass(frozen=True)
class Told(Processes):
    """Is told what the others have."""

    others: tuple[Any, ...] = ()

    def all(self, value: Any) -> list[Any]:
        return [value, *self.others]


def test_one_process_has_everything() -> None:
    one, rollout = Processes(), make_rollout()
    assert one.first and one.share(5) == (0, 5)
    assert one.all("a") == ["a"] and one.most(3) == 3 and one.agreed("b") == "b"
    assert one.gather(rollout) is rollout


@pytest.mark.parametrize(
    ("count", "size", "shares"), [(4, 2, [2, 2]), (5, 2, [2, 3]), (7, 3, [2, 2, 3]), (3, 3, [1] * 3)]
)
def test_every_prompt_is_dealt_once(count: int, size: int, shares: list[int]) -> None:
    bounds = [Processes(rank, size).share(count) for rank in range(size)]
    assert [end - begin for begin, end in bounds] == shares
    assert [i for begin, end in bounds for i in range(begin, end)] == list(range(count))


def test_most_and_agreed_are_of_all() -> None:
    first = Told(0, 3, (7, 2))
    assert (first.most(4), first.agreed(4)) == (7, 4)
    assert not Processes(1, 3).first


def test_parts_of_unlike_widths_are_joined_in_the_order_of_ranks() -> None:
    whole = make_rollout()
    first, second = whole.select(torch.tensor([0, 1])), whole.select(torch.tensor([2, 3, 4, 5]))
    narrow = Rollout(**vars(first) | {
        "prompt_ids": first.prompt_ids[:, 2:], "prompt_mask": first.prompt_mask[:, 2:], "counts": BatchCounts(2, 5, 4)
    })  # fmt: skip
    other = Rollout(**vars(second) | {"counts": BatchCounts(4, 10, 4)})
    for both in (joined([narrow, other]), Told(0, 2, (other,)).gather(narrow)):
        assert both.counts == whole.counts
        for name in ("prompt_ids", "prompt_mask", "completion_ids", "response_mask", "group_ids"):
            assert torch.equal(getattr(whole, name), getattr(both, name))


def test_a_process_without_a_verdict_joins_nothing() -> None:
    whole = make_rollout()
    nothing = whole.select(torch.zeros(0, dtype=torch.long), counts=BatchCounts(0, 0, whole.counts.max_tokens))
    assert torch.equal(joined([whole, nothing]).completion_ids, whole.completion_ids)
